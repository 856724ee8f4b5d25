// How far an operator may move the time at which a turn is due.

export const delaySeconds = { min: 60, max: 14 * 86_400 };
/** From now. */
const furthestDays = 60;

/** Why a turn cannot be due at a time, if it cannot. */
export function delayProblem(dueAt: Date, now: Date): string | undefined {
  if (dueAt.getTime() <= now.getTime() + furthestDays * 86_400_000) return undefined;
  return `is too long: the turn would be due at ${dueAt.toISOString()}, more than ${furthestDays} days from now`;
}

/** When a turn is due that is to close now, whatever seats it waits for. */
export function dueToCloseAt({ graceSeconds }: { readonly graceSeconds: number }, now: Date): Date {
  return new Date(now.getTime() - graceSeconds * 1_000);
}
