// When turns are due: a cron expression of five fields, read in a time zone.
//
// When clocks go forward, a schedule of one time of day that falls into the missing hour is due at its end; one with
// lists, ranges or wildcards skips what does not exist. When they go back, one time of day is due once, the first time
// round; the others are due in both hours. test/unit/time/turn-schedule.test.ts shows it.
import { Cron } from 'croner';

/**
 * The first time after `after` at which a turn is due; undefined when none ever is.
 * @throws Error when `schedule` is not a cron expression of five fields, or `timeZone` is not a time zone.
 */
export function nextTurnAt(schedule: string, timeZone: string, after: Date): Date | undefined {
  return new Cron(schedule, { mode: '5-part', timezone: timeZone }).nextRun(after) ?? undefined;
}

/** What is wrong with a schedule; undefined when it is valid. @param timeZone an existing time zone. */
export function scheduleProblem(schedule: string, timeZone: string, now: Date): string | undefined {
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
