// Days of the week on which a clock stands still. A quiet day lasts from the first instant of its date in the time zone to
// the first instant of the next one: where clocks skip midnight it begins later, and a date that is left out has no time.

/** `quietDays`: ISO weekdays, from 1 (Monday) to 7 (Sunday). */
export type QuietDays = { readonly timeZone: string; readonly quietDays: readonly number[] };

export const maxQuietDays = 6;

export const quietDaysRule = `must be a list of at most ${maxQuietDays} different days, from 1 (Monday) to 7 (Sunday)`;

export function isQuietDays(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length <= maxQuietDays &&
    value.every((day) => Number.isInteger(day) && day >= 1 && day <= 7) &&
    new Set(value).size === value.length
  );
}

/** Time in a time zone, of which quiet days do not count. */
export class CountedTime {
  readonly #quietDays: readonly number[];
  /** undefined when every day counts. */
  readonly #days: LocalDays | undefined;

  constructor({ timeZone, quietDays }: QuietDays) {
    this.#quietDays = quietDays;
    this.#days = quietDays.length === 0 ? undefined : new LocalDays(timeZone);
  }

  /** When the quiet day ends that an instant lies in; undefined on other days. */
  endOfQuietDay(at: Date): Date | undefined {
    if (this.#days === undefined) return undefined;
    const day = this.#days.dayAt(at.getTime());
    return this.#isQuiet(day) ? new Date(this.#days.startOf(day + 1)) : undefined;
  }

  /** The first instant at which `ms` have passed since `from`. */
  add(from: Date, ms: number): Date {
    let left = ms;
    for (const { start, end } of this.#spans(from.getTime())) {
      if (left <= end - start) return new Date(start + left);
      left -= end - start;
    }
    throw new TypeError('there is always a next day');
  }

  /** How much passes from one instant to a later one, in milliseconds. */
  between(from: Date, to: Date): number {
    let passed = 0;
    for (const { start, end } of this.#spans(from.getTime())) {
      if (start >= to.getTime()) break;
      passed += Math.min(end, to.getTime()) - start;
    }
    return passed;
  }

  /** What counts from an instant on, day by day without end. */
  *#spans(from: number): Generator<{ readonly start: number; readonly end: number }> {
    if (this.#days === undefined) return yield { start: from, end: Number.POSITIVE_INFINITY };
    let start = from;
    for (let day = this.#days.dayAt(from); ; day++) {
      const end = this.#days.startOf(day + 1);
      if (!this.#isQuiet(day)) yield { start, end };
      start = end;
    }
  }

  /** The day 0 is 1970-01-01, a Thursday. */
  #isQuiet(day: number): boolean {
    return this.#quietDays.includes(((((day + 3) % 7) + 7) % 7) + 1);
  }
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;

/** The dates of a time zone, as days since 1970-01-01. */
class LocalDays {
  readonly #format: Intl.DateTimeFormat;
  /** A week in which clocks do not change. */
  #steady = { from: 0, to: 0, offset: 0 };

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The day that an instant belongs to. */
  dayAt(time: number): number {
    const day = Math.floor((time + this.#offsetAt(time)) / dayMs);
    // Where clocks go back over midnight, the date comes twice; the next day has begun with the first midnight.
    return this.startOf(day + 1) <= time ? day + 1 : day;
  }

  /** The first instant of a day; of a date that is left out, that of the next one. */
  startOf(day: number): number {
    const midnight = day * dayMs;
    // Local times are at most 14 hours ahead of UTC and 12 behind it.
    let [earlier, later] = [midnight - 15 * hourMs, midnight + 13 * hourMs];
    const { from, to, offset } = this.#steady;
    if (earlier >= from && later <= to) return midnight - offset;
    const before = this.#offsetAt(earlier);
    // No time zone has changed its clocks there and back within a week.
    if (this.#offsetAt(earlier + weekMs) === before) {
      this.#steady = { from: earlier, to: earlier + weekMs, offset: before };
      return midnight - before;
    }
    const after = this.#offsetAt(later);
    if (before === after) return midnight - before;
    // Clocks change at whole minutes.
    while (later - earlier > minuteMs) {
      const middle = earlier + Math.floor((later - earlier) / 2 / minuteMs) * minuteMs;
      if (this.#offsetAt(middle) === before) earlier = middle;
      else later = middle;
    }
    const change = later;
    if (midnight - before < change) return midnight - before;
    return Math.max(change, midnight - after);
  }

  /** How far the clocks are ahead of UTC. */
  #offsetAt(time: number): number {
    const {
      year = 0,
      month = 0,
      day = 0,
      hour = 0,
      minute = 0,
      second = 0,
    } = Object.fromEntries(this.#format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1_000) * 1_000;
  }
}
