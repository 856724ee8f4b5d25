import { expect, it } from 'vitest';
import { ReplayReservations, type ReplayStore } from '../../../lib/gateway/commands/replay-reservations.ts';
import { RejectedError } from '../../../lib/gateway/domain/rejection.ts';

const now = 1_767_225_600_000;
const request = { deviceSessionId: 'session', requestId: 'request', timestampMs: BigInt(now - 1_000) };

/** Stores what is set, and loses the replies to the first `lost` commands on their way back. */
function storeThatLoses(lost: number): ReplayStore & { ttls: number[] } {
  const kept = new Map<string, string>();
  const ttls: number[] = [];
  let commands = 0;
  const answer = async <T>(value: T): Promise<T> => {
    commands += 1;
    if (commands <= lost) throw new Error('Connection is closed.');
    return value;
  };
  return {
    ttls,
    set(key, value, _px, ttlMs) {
      ttls.push(ttlMs);
      const free = !kept.has(key);
      if (free) kept.set(key, value);
      return answer(free ? 'OK' : null);
    },
    get: (key) => answer(kept.get(key) ?? null),
  };
}

const reasonOf = (outcome: Promise<void>): Promise<string> =>
  outcome.then(
    () => 'reserved',
    (error: unknown) => (error instanceof RejectedError ? error.rejection.reason : String(error)),
  );

it('a reservation is stored until its timestamp can no longer be fresh, and a minute longer', async () => {
  const store = storeThatLoses(0);
  await new ReplayReservations(store, 300_000).reserve(request, now);
  expect(store.ttls).toEqual([300_000 + 60_000 - 1_000]);
});

it('a reservation whose reply was lost is recognised when it is tried again', async () => {
  const reservations = new ReplayReservations(storeThatLoses(1), 300_000);
  expect(await reasonOf(reservations.reserve(request, now))).toBe('reserved');
  expect(await reasonOf(reservations.reserve(request, now))).toBe('REPLAY_DETECTED');
});

it('a reservation that cannot be made is refused, and not taken for a replay', async () => {
  const reservations = new ReplayReservations(storeThatLoses(2), 300_000);
  expect(await reasonOf(reservations.reserve(request, now))).toBe('REPLAY_STORE_UNAVAILABLE');
});
