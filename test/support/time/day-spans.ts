/// <reference lib="esnext.temporal" />
// The days of a time zone by Temporal, which Node has and other runtimes of the handlers do not: to hold against what
// lib/time makes of the same time zone data.

/** Time zones, and a year in which their clocks changed, or the rules of the changes. */
export const zones = [
  { timeZone: 'UTC', year: 2026 },
  { timeZone: 'Europe/Berlin', year: 2026 },
  // By half an hour.
  { timeZone: 'Australia/Lord_Howe', year: 2026 },
  // At midnight.
  { timeZone: 'America/Santiago', year: 2026 },
  { timeZone: 'Africa/Cairo', year: 2026 },
  { timeZone: 'Asia/Beirut', year: 2026 },
  { timeZone: 'America/Havana', year: 2026 },
  // By two hours, and around Ramadan.
  { timeZone: 'Antarctica/Troll', year: 2026 },
  { timeZone: 'Africa/Casablanca', year: 2026 },
  // The 30th of December was left out.
  { timeZone: 'Pacific/Apia', year: 2011 },
  // Once a minute after midnight, so that the date came twice.
  { timeZone: 'America/St_Johns', year: 2010 },
  // Clocks began to change again, or did so for the last time.
  { timeZone: 'Africa/Cairo', year: 2023 },
  { timeZone: 'America/Nuuk', year: 2023 },
  { timeZone: 'Asia/Amman', year: 2022 },
  { timeZone: 'Asia/Pyongyang', year: 2018 },
  { timeZone: 'America/Caracas', year: 2016 },
  { timeZone: 'Pacific/Kiritimati', year: 2026 },
  { timeZone: 'Etc/GMT+12', year: 2026 },
] as const;

const dayMs = 86_400_000;
type DaySpans = ReturnType<typeof spansOf>;
const spans = new Map<string, DaySpans>();

export function daySpans(timeZone: string): DaySpans {
  const found = spans.get(timeZone) ?? spansOf(timeZone);
  spans.set(timeZone, found);
  return found;
}

function spansOf(timeZone: string) {
  const starts = new Map<number, number>();
  /** The first instant of the date that is so many days after 1970-01-01. */
  const startOf = (day: number) => {
    const known = starts.get(day);
    if (known !== undefined) return known;
    const date = new Temporal.PlainDate(1970, 1, 1).add({ days: day });
    const start = date.toZonedDateTime(timeZone).epochMilliseconds;
    starts.set(day, start);
    return start;
  };
  const weekday = (day: number) => new Date(day * dayMs).getUTCDay() || 7;
  /** Days, each with the part of it that lies between two instants. */
  const between = (from: number, to: number) => {
    const parts: { day: number; ms: number }[] = [];
    for (let day = Math.floor(from / dayMs) - 2; startOf(day) < to; day++) {
      const [start, end] = [startOf(day), startOf(day + 1)];
      const ms = Math.min(end, to) - Math.max(start, from);
      if (ms > 0) parts.push({ day, ms });
    }
    return parts;
  };
  return {
    /** The ISO weekday of the day that an instant belongs to. */
    weekdayAt: (at: number) => weekday(between(at, at + 1)[0]?.day ?? Number.NaN),
    /** How much time passes between two instants, quiet days not counted. */
    countedMs: (from: number, to: number, quietDays: readonly number[]) =>
      between(from, to).reduce((sum, { day, ms }) => sum + (quietDays.includes(weekday(day)) ? 0 : ms), 0),
    /** Hours and minutes, as clocks show them. */
    timeOfDay: (at: number) => {
      const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
      return { hour, minute };
    },
    /** Whether clocks show this time on the date of an instant. */
    has: (at: number, { hour, minute }: { hour: number; minute: number }) => {
      const date = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate();
      const shown = date.toZonedDateTime({ timeZone, plainTime: { hour, minute } });
      return shown.hour === hour && shown.minute === minute;
    },
  };
}
