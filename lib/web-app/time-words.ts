// Times and clocks in words.

import type { Texts } from './texts/en.ts';
import type { Language } from './texts/languages.ts';

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** "2 days", "1 hour 30 minutes": the two largest units that are not zero. */
export function durationWords(seconds: number, language: Language, style: 'long' | 'short' = 'long'): string {
  let left = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count === 0 || parts.length === 2) continue;
    const format = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: style });
    parts.push(format.format(count));
  }
  const none = new Intl.NumberFormat(language, { style: 'unit', unit: 'second', unitDisplay: style });
  return parts.length === 0 ? none.format(0) : parts.join(' ');
}

/** In the viewer's own zone, and as people write times in their country. */
export function timeWords(time: string | number, language: Language): string {
  const regional = globalThis.navigator?.languages.find((tag) => tag.split('-')[0] === language);
  const format = new Intl.DateTimeFormat(regional ?? language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return format.format(new Date(time));
}

export function daysWords(days: readonly number[], language: Language, text: Texts): string {
  const names = days.map((day) => text.days[day - 1] ?? String(day));
  return new Intl.ListFormat(language).format(names);
}

export type Clock = {
  readonly turn_schedule: string | null;
  readonly turn_seconds: number | null;
  readonly time_zone: string;
  readonly quiet_days: readonly number[];
  readonly grace_seconds: number;
  readonly early: 'all_ready' | 'off';
};

export function clockWords(clock: Clock, language: Language, text: Texts): string {
  const { quiet_days: quiet, grace_seconds: grace, early } = clock;
  return [
    baseWords(clock, language, text),
    ...(early === 'all_ready' ? [text.clock.early] : []),
    ...(quiet.length > 0 ? [text.clock.quiet(daysWords(quiet, language, text))] : []),
    ...(grace > 0 ? [text.clock.grace(durationWords(grace, language))] : []),
  ].join(' ');
}

function baseWords(clock: Clock, language: Language, text: Texts): string {
  const { turn_schedule: schedule, turn_seconds: seconds, time_zone: zone } = clock;
  if (schedule === null) return text.clock.each(durationWords(seconds ?? 0, language));
  const [, minute, hour, days] = /^(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7](?:,[0-7])*)$/.exec(schedule) ?? [];
  if (minute === undefined || hour === undefined || days === undefined)
    return text.clock.schedule(schedule, zone);
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (days === '*') return text.clock.daily(time, zone);
  const numbers = days.split(',').map((day) => Number(day) || 7);
  return text.clock.weekly(daysWords(numbers, language, text), time, zone);
}
