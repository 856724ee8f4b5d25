import { describe, expect, it } from 'vitest';
import { checkFreshness } from '../../../lib/gateway/domain/freshness.ts';

const envelope = { timestampMs: 1_767_225_600_000n };

describe('freshness', () => {
  const windowMs = 300_000;
  const now = Number(envelope.timestampMs);
  it.each([
    ['as old as the window', now + windowMs, true],
    ['older than the window', now + windowMs + 1, false],
    ['30 s ahead', now - 30_000, true],
    ['more than 30 s ahead', now - 30_001, false],
  ])('of a request %s', (_, nowMs, fresh) => {
    const rejection = checkFreshness(envelope, nowMs, windowMs);
    if (fresh) expect(rejection).toBeUndefined();
    else
      expect(rejection).toMatchObject({
        reason: 'STALE_REQUEST',
        metadata: { server_time_ms: String(nowMs) },
      });
  });

  it('is not fooled by the largest timestamps', () => {
    for (const timestampMs of [2n ** 63n - 1n, 1n]) {
      expect(checkFreshness({ timestampMs }, now, windowMs)?.reason).toBe('STALE_REQUEST');
    }
  });
});
