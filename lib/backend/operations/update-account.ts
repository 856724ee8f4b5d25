import { Refusal } from '../../errors/table.ts';
import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { noSuchUser } from '../refusals.ts';
import { type ProfileChanges, updateProfile } from '../store/users.ts';
import { countLookup } from './count-lookup.ts';
import { getAccount } from './get-account.ts';

/**
 * Changes the fields that are given. Trying a handle shows whether a player has it, so it counts as a look-up.
 * @throws Refusal handle_taken; rate_limited; and as for `getAccount`.
 */
export async function updateAccount(
  deps: Pick<BackendContext, 'db' | 'lookupWaitMs'>,
  userId: string,
  changes: ProfileChanges,
): Promise<User> {
  const { handle } = await getAccount(deps, userId);
  if (changes.handle !== undefined && changes.handle !== handle) countLookup(deps, userId);
  const updated = await updateProfile(deps.db, userId, changes);
  // Deleted since the check above.
  if (updated === undefined) throw noSuchUser();
  if (updated === 'handle_taken') {
    throw new Refusal(
      'handle_taken',
      `The handle ${changes.handle} belongs to another player; choose another.`,
    );
  }
  return updated;
}
