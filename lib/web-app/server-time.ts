// The gateway's clock, by which turns are due: the clock of this device may be wrong.
import { ServerClock } from '../client/server-clock.ts';

const clock = new ServerClock();

/** Unix time in milliseconds. */
export function serverNow(): number {
  return clock.now();
}

export async function learnServerTime(): Promise<void> {
  const sentAtMs = Date.now();
  const { headers } = await fetch('/', { method: 'HEAD', cache: 'no-store' });
  clock.learnDate(headers.get('date'), sentAtMs);
}
