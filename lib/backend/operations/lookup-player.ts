import { Refusal } from '../../errors/table.ts';
import type { BackendContext } from '../context.ts';
import { findUserByHandle } from '../store/users.ts';
import { countLookup } from './count-lookup.ts';
import { getAccount } from './get-account.ts';

export type FoundPlayer = { userId: string; handle: string; displayName: string | null };

/**
 * Finds another player by the exact handle. Limited, so that handles cannot be collected; an unknown handle counts like
 * any other.
 * @throws Refusal not_found, for the handle of a blocked user too; rate_limited; and as for `getAccount`.
 */
export async function lookupPlayer(
  deps: Pick<BackendContext, 'db' | 'lookupWaitMs'>,
  { userId, handle }: { userId: string; handle: string },
): Promise<FoundPlayer> {
  await getAccount(deps, userId);
  countLookup(deps, userId);
  const found = await findUserByHandle(deps.db, handle);
  if (found === undefined || found.blockedAt !== null) {
    throw new Refusal('not_found', `There is no player with the handle ${handle}.`);
  }
  return { userId: found.userId, handle, displayName: found.displayName };
}
