import { describe, expect, it } from 'vitest';
import { de } from '../../../lib/web-app/texts/de.ts';
import { en } from '../../../lib/web-app/texts/en.ts';
import { ru } from '../../../lib/web-app/texts/ru.ts';
import { type Clock, clockWords, durationWords } from '../../../lib/web-app/time-words.ts';

const clock: Clock = {
  turn_schedule: null,
  turn_seconds: null,
  time_zone: 'Europe/Berlin',
  quiet_days: [],
  grace_seconds: 0,
  early: 'off',
};

describe('a duration', () => {
  it.each([
    [0, '0 seconds'],
    [-5, '0 seconds'],
    [59.9, '59 seconds'],
    [60, '1 minute'],
    [3_661, '1 hour 1 minute'],
    [90_000, '1 day 1 hour'],
    [86_401, '1 day 1 second'],
  ])('of %d seconds is "%s"', (seconds, words) => {
    expect(durationWords(seconds, 'en')).toBe(words);
  });

  it.each([
    [86_400, '1 день'],
    [2 * 86_400, '2 дня'],
    [5 * 86_400, '5 дней'],
  ])('has the plurals of Russian', (seconds, words) => {
    expect(durationWords(seconds, 'ru')).toBe(words);
  });
});

describe('a clock in words', () => {
  it('says how long a turn takes', () => {
    expect(clockWords({ ...clock, turn_seconds: 7_200, early: 'all_ready' }, 'en', en)).toBe(
      'Each turn takes 2 hours at most. It is played sooner when everybody is ready.',
    );
  });

  it('says when turns are due, in each language', () => {
    const daily = { ...clock, turn_schedule: '5 20 * * *' };
    expect(clockWords(daily, 'en', en)).toBe('A turn is due every day at 20:05 (Europe/Berlin).');
    expect(clockWords(daily, 'de', de)).toContain('um 20:05 Uhr');
    expect(clockWords(daily, 'ru', ru)).toContain('в 20:05');
  });

  it('names the days of a week, Sunday by either number', () => {
    const weekly = { ...clock, turn_schedule: '0 8 * * 1,0' };
    expect(clockWords(weekly, 'en', en)).toBe('A turn is due on Monday and Sunday at 08:00 (Europe/Berlin).');
    expect(clockWords({ ...weekly, turn_schedule: '0 8 * * 1,7' }, 'en', en)).toContain('Monday and Sunday');
  });

  it('shows any other schedule as it is', () => {
    const words = clockWords({ ...clock, turn_schedule: '*/15 8-20 * * 1-5' }, 'en', en);
    expect(words).toBe('Turns are due by the schedule */15 8-20 * * 1-5 (Europe/Berlin).');
  });

  it('says on which days it stands still, and how long who is late has', () => {
    const words = clockWords(
      { ...clock, turn_seconds: 60, quiet_days: [6, 7], grace_seconds: 1_800 },
      'en',
      en,
    );
    expect(words).toContain('stands still on Saturday and Sunday');
    expect(words).toContain('has 30 minutes more');
  });
});
