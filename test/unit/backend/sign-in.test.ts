import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAttempt, mailWaitMs, maxAttempts } from '../../../lib/backend/domain/sign-in.ts';

const now = new Date('2026-01-31T12:00:00.000Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const fresh = { failedAttempts: 0, expiresAt: new Date('2026-01-31T12:10:00.000Z'), usedAt: null };

describe('an attempt at a challenge', () => {
  it('confirms it with the right code', () => {
    expect(judgeAttempt(fresh, true, now)).toEqual({ kind: 'confirmed' });
  });

  it('tells how many attempts a wrong code leaves', () => {
    const left = [0, 1, 2, 3, 4].map((failedAttempts) =>
      judgeAttempt({ ...fresh, failedAttempts }, false, now),
    );
    expect(left).toEqual([4, 3, 2, 1, 0].map((attemptsLeft) => ({ kind: 'wrong_code', attemptsLeft })));
  });

  it('confirms it with the right code after four wrong ones, and no more after five', () => {
    expect(judgeAttempt({ ...fresh, failedAttempts: 4 }, true, now)).toEqual({ kind: 'confirmed' });
    expect(judgeAttempt({ ...fresh, failedAttempts: 5 }, true, now)).toEqual({ kind: 'not_alive' });
  });

  it('confirms it up to the last millisecond and not at its expiry', () => {
    const lastMoment = new Date(fresh.expiresAt.getTime() - 1);
    expect(judgeAttempt(fresh, true, lastMoment)).toEqual({ kind: 'confirmed' });
    expect(judgeAttempt(fresh, true, fresh.expiresAt)).toEqual({ kind: 'not_alive' });
  });

  it('gets the same verdict with a right and a wrong code once the challenge is not alive', () => {
    const dead = fc.oneof(
      fc.record({ ...constants(), usedAt: fc.date({ noInvalidDate: true }) }),
      fc.record({ ...constants(), failedAttempts: fc.integer({ min: maxAttempts, max: 100 }) }),
      fc.record({ ...constants(), expiresAt: fc.date({ max: now, noInvalidDate: true }) }),
    );
    fc.assert(
      fc.property(dead, fc.boolean(), (challenge, codeMatches) => {
        expect(judgeAttempt(challenge, codeMatches, now)).toEqual({ kind: 'not_alive' });
      }),
    );
  });

  function constants() {
    return {
      failedAttempts: fc.constant(fresh.failedAttempts),
      expiresAt: fc.constant(fresh.expiresAt),
      usedAt: fc.constant(null),
    };
  }
});

describe('mails to one address', () => {
  const limit = { maxMails: 3, windowMs: 60_000 };

  it('go out at once while there is room in the window', () => {
    expect(mailWaitMs([], limit, now)).toBe(0);
    expect(mailWaitMs([ago(1), ago(2)], limit, now)).toBe(0);
  });

  it('wait until the oldest that counts has left the window', () => {
    expect(mailWaitMs([ago(0), ago(1_000), ago(20_000)], limit, now)).toBe(40_000);
    expect(mailWaitMs([ago(0), ago(1_000), ago(20_000), ago(59_000)], limit, now)).toBe(40_000);
    expect(mailWaitMs([ago(0), ago(1_000), ago(60_000)], limit, now)).toBe(0);
  });

  it('never exceed the limit in any window, and after the wait there is room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (pauses, maxMails) => {
          const rule = { maxMails, windowMs: 60_000 };
          const sent: Date[] = [];
          let clock = now.getTime();
          for (const pause of pauses) {
            clock += pause;
            const waitMs = mailWaitMs(sent, rule, new Date(clock));
            if (waitMs === 0) sent.unshift(new Date(clock));
            else expect(mailWaitMs(sent, rule, new Date(clock + waitMs))).toBe(0);
          }
          sent.forEach((newest, i) => {
            const inWindow = sent.slice(i).filter((at) => newest.getTime() - at.getTime() < rule.windowMs);
            expect(inWindow.length).toBeLessThanOrEqual(maxMails);
          });
        },
      ),
    );
  });
});
