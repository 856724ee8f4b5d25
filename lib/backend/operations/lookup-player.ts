import { Refusal } from '../../errors/table.ts';
import type { BackendContext } from '../context.ts';
import { findUserByHandle } from '../store/users.ts';
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
  const waitMs = deps.lookupWaitMs(userId);
  if (waitMs > 0) throw tooManyLookups(waitMs);
  const found = await findUserByHandle(deps.db, handle);
  if (found === undefined || found.blockedAt !== null) {
    throw new Refusal('not_found', `There is no player with the handle ${handle}.`);
  }
  return { userId: found.userId, handle, displayName: found.displayName };
}

function tooManyLookups(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Refusal(
    'rate_limited',
    `Too many players were looked up by this user; try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds },
  );
}
