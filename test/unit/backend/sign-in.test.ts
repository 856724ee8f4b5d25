import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeAttempt,
  mailWaitMs,
  maxAttempts,
  type SentMail,
  waitForRoomMs,
} from '../../../lib/backend/domain/sign-in.ts';

const now = new Date('2026-01-31T12:00:00.000Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const fresh = { failedAttempts: 0, expiresAt: new Date('2026-01-31T12:10:00.000Z'), usedAt: null };

describe('an attempt at a challenge', () => {
  it('confirms it with the right code', () => {
    expect(judgeAttempt(fresh, true, now)).toEqual({ kind: 'confirmed' });
  });

  it('says how many attempts a wrong code leaves', () => {
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

describe('the wait for room in a window', () => {
  it('lasts until the oldest that counts is a whole window old', () => {
    expect(waitForRoomMs(undefined, 60_000, now)).toBe(0);
    expect(waitForRoomMs(now, 60_000, now)).toBe(60_000);
    expect(waitForRoomMs(ago(59_999), 60_000, now)).toBe(1);
    expect(waitForRoomMs(ago(60_000), 60_000, now)).toBe(0);
    expect(waitForRoomMs(ago(60_001), 60_000, now)).toBe(0);
  });
});

describe('mails to one address', () => {
  const limits = { maxMailsPerNetwork: 2, maxMailsPerAddress: 3, windowMs: 60_000 };
  const sent = (...mails: [network: string | null, agoMs: number][]): SentMail[] =>
    mails.map(([network, agoMs]) => ({ network, sentAt: ago(agoMs) }));

  it('go out at once while there is room in the window', () => {
    expect(mailWaitMs([], limits, 'here', now)).toBe(0);
    expect(mailWaitMs(sent(['here', 1], ['there', 2]), limits, 'here', now)).toBe(0);
  });

  it('wait until the oldest from the same network that counts has left the window', () => {
    const mails = sent(['here', 0], ['here', 20_000]);
    expect(mailWaitMs(mails, limits, 'here', now)).toBe(40_000);
    expect(mailWaitMs(mails, limits, 'there', now)).toBe(0);
    expect(mailWaitMs(sent(['here', 0], ['here', 60_000]), limits, 'here', now)).toBe(0);
  });

  it('wait for the address’s own limit wherever they are asked for', () => {
    const mails = sent(['a', 0], ['b', 10_000], [null, 20_000]);
    for (const network of ['a', 'c', null]) expect(mailWaitMs(mails, limits, network, now)).toBe(40_000);
  });

  it('count against the address alone where the network is not known', () => {
    expect(mailWaitMs(sent([null, 0], [null, 0]), limits, null, now)).toBe(0);
    expect(mailWaitMs(sent([null, 0], [null, 0], [null, 0]), limits, null, now)).toBe(60_000);
  });

  it('never exceed either limit in any window, and after the wait there is room', () => {
    const request = fc.record({
      pauseMs: fc.integer({ min: 0, max: 30_000 }),
      network: fc.constantFrom('a', 'b', null),
    });
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        (requests, maxMailsPerNetwork, more) => {
          const rule = {
            maxMailsPerNetwork,
            maxMailsPerAddress: maxMailsPerNetwork + more,
            windowMs: 60_000,
          };
          const mails: SentMail[] = [];
          // What the operation asks the database for.
          const waitMs = (network: string | null, at: number) => {
            const latest = mails
              .filter((mail) => mail.sentAt.getTime() > at - rule.windowMs)
              .slice(0, rule.maxMailsPerAddress);
            return mailWaitMs(latest, rule, network, new Date(at));
          };
          let clock = now.getTime();
          for (const { pauseMs, network } of requests) {
            clock += pauseMs;
            const wait = waitMs(network, clock);
            if (wait === 0) mails.unshift({ network, sentAt: new Date(clock) });
            else expect(waitMs(network, clock + wait)).toBe(0);
          }
          mails.forEach((newest, i) => {
            const inWindow = mails
              .slice(i)
              .filter((mail) => newest.sentAt.getTime() - mail.sentAt.getTime() < rule.windowMs);
            const fromThere = inWindow.filter((mail) => mail.network === newest.network);
            expect(inWindow.length).toBeLessThanOrEqual(rule.maxMailsPerAddress);
            if (newest.network !== null) expect(fromThere.length).toBeLessThanOrEqual(maxMailsPerNetwork);
          });
        },
      ),
    );
  });
});
