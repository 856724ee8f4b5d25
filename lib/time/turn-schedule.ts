// When turns are due: a cron expression of five fields, read in a time zone.
//
// When clocks go forward, a schedule of one time of day that falls into the missing hour is due at its end; one with
// lists, ranges or wildcards skips what does not exist. When they go back, one time of day is due once, the first time
// round; the others are due in both hours. test/unit/time/turn-schedule.test.ts shows it.
import { Cron } from 'croner';
import { CountedTime } from './quiet-days.ts';

/** More than any schedule needs to reach a day that is not quiet: the 29th of February takes seven leap years or ten. */
const maxQuietTimes = 100;

/**
 * The first time after `after` at which a turn is due, outside quiet days; undefined when none ever is.
 * @throws Error when `schedule` is not a cron expression of five fields, or `timeZone` is not a time zone.
 */
export function nextTurnAt(
  schedule: string,
  timeZone: string,
  after: Date,
  quietDays: readonly number[] = [],
): Date | undefined {
  const cron = new Cron(schedule, { mode: '5-part', timezone: timeZone });
  const counted = new CountedTime({ timeZone, quietDays });
  let next = cron.nextRun(after);
  for (let tried = 0; next !== null && tried < maxQuietTimes; tried++) {
    const end = counted.endOfQuietDay(next);
    if (end === undefined) return next;
    next = cron.nextRun(new Date(end.getTime() - 1));
  }
  return undefined;
}

const list = (item: string) => `(?:${item})(?:,(?:${item}))*`;
const span = (value: string) => `(?:\\*|${value}-${value})(?:/\\d{1,2})?|${value}`;
const number = '\\d{1,2}';
const month = `(?:${number}|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)`;
const weekday = '(?:\\d|SUN|MON|TUE|WED|THU|FRI|SAT)';
/** What docs/lobby.md describes; the library reads more, and reads it loosely. */
const documentedForm = new RegExp(
  `^${[span(number), span(number), `L|${span(number)}`, span(month), span(weekday)].map(list).join(' ')}$`,
  'i',
);

/** What is wrong with a schedule that is new; undefined when it is valid. @param timeZone an existing time zone. */
export function scheduleProblem(schedule: string, timeZone: string, now: Date): string | undefined {
  if (!/^\S+(?: \S+){4}$/.test(schedule)) {
    return 'must be a cron expression of five fields with one blank between them, such as 0 20 * * 1-5';
  }
  if (documentedForm.test(schedule)) return unplayableProblem(schedule, timeZone, now);
  return 'is not a cron expression: fields hold *, numbers, ranges, lists and steps such as */2, names of months and weekdays, and L for the last day of a month';
}

/** The same for the schedule of a game that may be older than this form. */
export function unplayableProblem(schedule: string, timeZone: string, now: Date): string | undefined {
  if (!/^\S+(?:\s+\S+){4}$/.test(schedule)) {
    return 'must be a cron expression of five fields, such as 0 20 * * 1-5';
  }
  try {
    const next = nextTurnAt(schedule, timeZone, now);
    return next === undefined ? 'never comes due; choose a day that exists' : undefined;
  } catch (error) {
    return `is not a cron expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What is wrong with the quiet days of a valid schedule. @param timeZone an existing time zone. */
export function quietDaysProblem(
  schedule: string,
  timeZone: string,
  now: Date,
  quietDays: readonly number[],
): string | undefined {
  if (quietDays.length === 0 || nextTurnAt(schedule, timeZone, now, quietDays) !== undefined)
    return undefined;
  return 'are all the days on which turn_schedule comes due; leave one of them';
}

const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;
const lookAheadMs = 4 * 365.25 * dayMs;

/** What was found for a schedule on a day: games share few schedules, and each takes 20 ms of CPU time. */
const foundIntervals = new Map<string, number>();
const maxFoundIntervals = 1_000;

/**
 * The shortest time between two turns of a schedule in the four years from the day of `now`, in milliseconds; those four
 * years when there are not two. Clock changes count: a turn every day at 20:00 is once a year 23 hours after the one
 * before.
 * @throws Error as `nextTurnAt`.
 */
export function shortestInterval(schedule: string, timeZone: string, now: Date): number {
  const from = new Date(Math.floor(now.getTime() / dayMs) * dayMs);
  const key = `${from.getTime()} ${timeZone} ${schedule}`;
  const found = foundIntervals.get(key) ?? findShortestInterval(schedule, timeZone, from);
  if (foundIntervals.size >= maxFoundIntervals) foundIntervals.clear();
  foundIntervals.set(key, found);
  return found;
}

function findShortestInterval(schedule: string, timeZone: string, from: Date): number {
  const byTheClock = shortestByTheClock(schedule, from);
  // Turns come at whole minutes, so nothing is shorter.
  if (byTheClock <= minuteMs) return byTheClock;
  return Math.min(byTheClock, ...acrossClockChanges(schedule, timeZone, from));
}

/** As if clocks never changed. */
function shortestByTheClock(schedule: string, from: Date): number {
  const [minute, hour, ...days] = schedule.split(/\s+/);
  const times = timesOfDay(`${minute}`, `${hour}`);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const withinDay = Math.min(...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
  const overnight = dayMs - last + first;
  if (withinDay <= overnight) return withinDay;
  return Math.min(withinDay, shortestBetweenDays(days.join(' '), from) - last + first);
}

/** The times of a day at which turns are due, in milliseconds since midnight. */
function timesOfDay(minute: string, hour: string): number[] {
  const [everyHour, everyMinute] = [inUtc(`${minute} * * * *`), inUtc(`* ${hour} * * *`)];
  const minutes = numbers(60).filter((at) => everyHour.match(new Date(at * minuteMs)));
  const hours = numbers(24).filter((at) => everyMinute.match(new Date(at * 60 * minuteMs)));
  return hours.flatMap((h) => minutes.map((m) => (h * 60 + m) * minuteMs));
}

/** From one day with turns to the next. @param days the last three fields of a schedule. */
function shortestBetweenDays(days: string, from: Date): number {
  const cron = inUtc(`0 0 ${days}`);
  const isWeekly = /^\* \* [^#L]+$/i.test(days);
  const end = from.getTime() + (isWeekly ? 15 * dayMs : lookAheadMs);
  let shortest = lookAheadMs;
  let day = cron.nextRun(from);
  while (day !== null && shortest > dayMs) {
    const next = cron.nextRun(day);
    if (next === null || next.getTime() > end) break;
    shortest = Math.min(shortest, next.getTime() - day.getTime());
    day = next;
  }
  return shortest;
}

/** The times between those turns that are next to each other where clocks change. */
function acrossClockChanges(schedule: string, timeZone: string, from: Date): number[] {
  const cron = new Cron(schedule, { mode: '5-part', timezone: timeZone });
  return clockChanges(timeZone, from).flatMap((change) => {
    const before = cron.previousRuns(1, new Date(change));
    // One that is moved to the end of a missing hour is nearer to the next, too.
    const turns = [...before, ...cron.nextRuns(2, new Date(change - 1))];
    return turns.slice(1).map((turn, i) => turn.getTime() - (turns[i]?.getTime() ?? 0));
  });
}

/** The instants at which the clocks of a time zone change. */
function clockChanges(timeZone: string, from: Date): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
  const offsetAt = (time: number) =>
    format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value;
  const week = 7 * dayMs;
  const start = Math.floor(from.getTime() / minuteMs) * minuteMs;
  const changes: number[] = [];
  for (let time = start; time < from.getTime() + lookAheadMs; time += week) {
    let [before, after] = [time, time + week];
    if (offsetAt(before) === offsetAt(after)) continue;
    while (after - before > minuteMs) {
      const middle = before + Math.floor((after - before) / 2 / minuteMs) * minuteMs;
      if (offsetAt(middle) === offsetAt(before)) before = middle;
      else after = middle;
    }
    changes.push(after);
  }
  return changes;
}

function inUtc(schedule: string): Cron {
  return new Cron(schedule, { mode: '5-part', timezone: 'UTC' });
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
