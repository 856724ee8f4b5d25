// Which of the mails that wait are sent next.
//
// Codes go before notices: a place to send is kept free of notices, unless there is only one. Anyone can request codes
// for any address, so all processes together send them at a bounded rate. A part of that rate is for addresses with an
// account alone, so a flood of requests for other addresses does not keep players from signing in. Within a queue the
// lowest rank goes first, then what expires first: each network gets its first code before any gets its second.
//
// A budget is a token bucket that is stored as one number, the time at which it will be full again (the generic cell
// rate algorithm). Pure.
import type { Rate } from '../../rate-limit/rate.ts';

export type MailQueue = 'account_codes' | 'other_codes' | 'notices';

export type WaitingMail = {
  readonly mailId: string;
  readonly queue: MailQueue;
  readonly rank: number;
  readonly expiresAt: Date;
};

export type CodeBudget = {
  readonly rate: Rate | 'off';
  /** How much of it is for addresses with an account alone. */
  readonly accountPercent: number;
};

/** When the budgets will be full again; milliseconds of one clock. */
export type BudgetUse = {
  readonly codesFullAtMs: number;
  readonly otherCodesFullAtMs: number;
  readonly nowMs: number;
};

/** How many codes may be sent now: altogether, and for addresses without an account. */
export type Tokens = { readonly codes: number; readonly otherCodes: number };

/** Mails that one process may send at once: altogether, and how many more than now. */
export type Places = { readonly all: number; readonly free: number };

export function tokensLeft({ rate, accountPercent }: CodeBudget, use: BudgetUse): Tokens {
  if (rate === 'off') return { codes: Number.POSITIVE_INFINITY, otherCodes: Number.POSITIVE_INFINITY };
  return {
    codes: tokensIn(rate, use.codesFullAtMs - use.nowMs),
    otherCodes: tokensIn(partOf(rate, 100 - accountPercent), use.otherCodesFullAtMs - use.nowMs),
  };
}

/** The use of the budgets once these are sent. */
export function useBudget(
  { rate, accountPercent }: CodeBudget,
  use: BudgetUse,
  sent: readonly Pick<WaitingMail, 'queue'>[],
): Omit<BudgetUse, 'nowMs'> {
  if (rate === 'off') return { codesFullAtMs: use.codesFullAtMs, otherCodesFullAtMs: use.otherCodesFullAtMs };
  const others = sent.filter(({ queue }) => queue === 'other_codes').length;
  const codes = others + sent.filter(({ queue }) => queue === 'account_codes').length;
  const after = (fullAtMs: number, count: number, tokenMs: number) =>
    count === 0 ? fullAtMs : Math.max(fullAtMs, use.nowMs) + count * tokenMs;
  return {
    codesFullAtMs: after(use.codesFullAtMs, codes, tokenMsOf(rate)),
    otherCodesFullAtMs: after(use.otherCodesFullAtMs, others, tokenMsOf(partOf(rate, 100 - accountPercent))),
  };
}

/** @param waiting the first ones of each queue, at least as many as there are free places. */
export function chooseMails(
  waiting: readonly WaitingMail[],
  { all, free }: Places,
  tokens: Tokens,
): WaitingMail[] {
  const inQueue = (queue: MailQueue) => waiting.filter((mail) => mail.queue === queue).toSorted(byTurn);
  const codes = [...inQueue('account_codes'), ...inQueue('other_codes').slice(0, tokens.otherCodes)]
    .toSorted(byTurn)
    .slice(0, Math.min(free, tokens.codes));
  const keptForCodes = all > 1 ? 1 : 0;
  const notices = inQueue('notices').slice(0, Math.max(0, free - Math.max(codes.length, keptForCodes)));
  return [...codes, ...notices];
}

function byTurn(a: WaitingMail, b: WaitingMail): number {
  return a.rank - b.rank || a.expiresAt.getTime() - b.expiresAt.getTime() || (a.mailId < b.mailId ? -1 : 1);
}

const tokenMsOf = ({ count, perMs }: Rate) => perMs / count;

/** Adding and subtracting times leaves rounding errors far below a thousandth of a token. */
function tokensIn(rate: Rate, fullInMs: number): number {
  const missing = Math.max(0, fullInMs) / tokenMsOf(rate);
  return Math.max(0, Math.floor(rate.burst - missing + 0.001));
}

/** At least one at once. */
function partOf({ count, perMs, burst }: Rate, percent: number): Rate {
  return { count: (count * percent) / 100, perMs, burst: Math.max(1, Math.floor((burst * percent) / 100)) };
}
