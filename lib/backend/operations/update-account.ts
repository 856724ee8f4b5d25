import { Refusal } from '../../errors/table.ts';
import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { noSuchUser } from '../refusals.ts';
import { type ProfileChanges, updateProfile } from '../store/users.ts';
import { getAccount } from './get-account.ts';

/** @throws Refusal handle_taken, and as for `getAccount`. */
export async function updateAccount(
  deps: Pick<BackendContext, 'db'>,
  userId: string,
  changes: ProfileChanges,
): Promise<User> {
  await getAccount(deps, userId);
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
