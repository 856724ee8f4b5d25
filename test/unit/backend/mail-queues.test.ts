import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BudgetUse,
  chooseMails,
  type MailQueue,
  tokensLeft,
  useBudget,
  type WaitingMail,
} from '../../../lib/backend/domain/mail-queues.ts';

const expiresAt = new Date('2026-01-31T12:10:00.000Z');
const waiting = (...mails: [queue: MailQueue, rank: number][]): WaitingMail[] =>
  mails.map(([queue, rank], index) => ({ mailId: String(index), queue, rank, expiresAt }));
const ids = (mails: readonly WaitingMail[]) => mails.map(({ mailId }) => mailId).join(' ');
const plenty = { codes: 100, otherCodes: 100 };

describe('the next mails', () => {
  it('are codes by their rank, whichever queue they wait in, and then notices', () => {
    const mails = waiting(['notices', 0], ['other_codes', 2], ['account_codes', 1], ['account_codes', 3]);
    expect(ids(chooseMails(mails, { all: 9, free: 9 }, plenty))).toBe('2 1 3 0');
    expect(ids(chooseMails(mails, { all: 9, free: 2 }, plenty))).toBe('2 1');
  });

  it('are of one rank those that expire first', () => {
    const [first, second] = waiting(['other_codes', 1], ['account_codes', 1]);
    if (first === undefined || second === undefined) throw new Error('there are two');
    const later = { ...first, expiresAt: new Date(expiresAt.getTime() + 1) };
    expect(ids(chooseMails([later, second], { all: 4, free: 1 }, plenty))).toBe('1');
  });

  it('leave a place free of notices, unless there is only one', () => {
    const notices = waiting(['notices', 0], ['notices', 0], ['notices', 0]);
    expect(chooseMails(notices, { all: 3, free: 3 }, plenty).length).toBe(2);
    expect(chooseMails(notices, { all: 3, free: 1 }, plenty).length).toBe(0);
    expect(chooseMails(notices, { all: 1, free: 1 }, plenty).length).toBe(1);
  });

  it('are notices alone while the budget of codes is used up', () => {
    const mails = waiting(['account_codes', 0], ['other_codes', 0], ['notices', 0]);
    expect(ids(chooseMails(mails, { all: 4, free: 4 }, { codes: 0, otherCodes: 0 }))).toBe('2');
    expect(ids(chooseMails(mails, { all: 4, free: 4 }, { codes: 1, otherCodes: 0 }))).toBe('0 2');
  });
});

describe('the budget of codes', () => {
  const steps = fc.array(
    fc.record({
      pauseMs: fc.integer({ min: 0, max: 5_000 }),
      accounts: fc.integer({ min: 0, max: 20 }),
      others: fc.integer({ min: 0, max: 20 }),
    }),
    { maxLength: 40 },
  );

  it('is never exceeded in any span of time, nor the part for addresses without an account', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 99 }),
        (all, count, percent) => {
          const rate = { count, perMs: 10_000, burst: 7 };
          const budget = { rate, accountPercent: percent };
          const othersBurst = Math.max(1, Math.floor((7 * (100 - percent)) / 100));
          let use: BudgetUse = { codesFullAtMs: 0, otherCodesFullAtMs: 0, nowMs: 1e12 };
          const sent: { atMs: number; codes: number; others: number }[] = [];
          for (const { pauseMs, accounts, others } of all) {
            use = { ...use, nowMs: use.nowMs + pauseMs };
            const mails = waiting(
              ...Array.from({ length: accounts }, (_, rank): [MailQueue, number] => ['account_codes', rank]),
              ...Array.from({ length: others }, (_, rank): [MailQueue, number] => ['other_codes', rank]),
            );
            const chosen = chooseMails(mails, { all: 50, free: 50 }, tokensLeft(budget, use));
            use = { ...use, ...useBudget(budget, use, chosen) };
            const chosenOthers = chosen.filter(({ queue }) => queue === 'other_codes').length;
            sent.push({ atMs: use.nowMs, codes: chosen.length, others: chosenOthers });
          }
          sent.forEach(({ atMs: fromMs }, first) => {
            let [codes, others] = [0, 0];
            for (const step of sent.slice(first)) {
              codes += step.codes;
              others += step.others;
              const tokens = ((step.atMs - fromMs) / 10_000) * count;
              expect(codes).toBeLessThanOrEqual(7 + tokens + 0.01);
              expect(others).toBeLessThanOrEqual(othersBurst + (tokens * (100 - percent)) / 100 + 0.01);
            }
          });
        },
      ),
    );
  });

  it('is full again after a rest, and unbounded when it is off', () => {
    const budget = { rate: { count: 10, perMs: 1_000, burst: 4 }, accountPercent: 50 };
    const full = { codesFullAtMs: 0, otherCodesFullAtMs: 0, nowMs: 1e12 };
    expect(tokensLeft(budget, full)).toEqual({ codes: 4, otherCodes: 2 });
    const used = useBudget(
      budget,
      full,
      waiting(['other_codes', 0], ['other_codes', 1], ['account_codes', 0]),
    );
    expect(tokensLeft(budget, { ...used, nowMs: 1e12 })).toEqual({ codes: 1, otherCodes: 0 });
    expect(tokensLeft(budget, { ...used, nowMs: 1e12 + 300 })).toEqual({ codes: 4, otherCodes: 1 });
    expect(tokensLeft(budget, { ...used, nowMs: 1e12 + 400 })).toEqual({ codes: 4, otherCodes: 2 });
    expect(tokensLeft({ ...budget, rate: 'off' }, { ...used, nowMs: 1e12 })).toEqual({
      codes: Number.POSITIVE_INFINITY,
      otherCodes: Number.POSITIVE_INFINITY,
    });
  });
});
