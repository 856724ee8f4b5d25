// Refuses stale requests: a signed request is valid only near its own timestamp, so that it cannot be replayed later.
import type { Envelope } from './envelope-checks.ts';
import type { Rejection } from './rejection.ts';

/** How far a client's clock may run ahead of the gateway's. */
export const maxAheadMs = 30_000;

/**
 * Refuses a timestamp that is older than the window or more than `maxAheadMs` ahead. The rejection carries the
 * gateway's time, so that the client can correct its clock.
 */
export function checkFreshness(
  envelope: Pick<Envelope, 'timestampMs'>,
  nowMs: number,
  freshnessWindowMs: number,
): Rejection | undefined {
  const ageMs = BigInt(nowMs) - envelope.timestampMs;
  if (ageMs <= BigInt(freshnessWindowMs) && -ageMs <= BigInt(maxAheadMs)) return undefined;
  return {
    reason: 'STALE_REQUEST',
    message: 'timestamp_ms is too far from the gateway’s clock; sign the request again with server_time_ms.',
    metadata: { server_time_ms: String(nowMs) },
  };
}
