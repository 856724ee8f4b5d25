import { Refusal } from '../../errors/table.ts';
import type { BackendContext } from '../context.ts';

/**
 * Counts that a user asks whether a handle has a player, so that handles cannot be collected.
 * @throws Refusal rate_limited when they asked too often.
 */
export function countLookup({ lookupWaitMs }: Pick<BackendContext, 'lookupWaitMs'>, userId: string): void {
  const waitMs = lookupWaitMs(userId);
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw new Refusal(
    'rate_limited',
    `Too many handles were looked up or tried by this user; try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds },
  );
}
