import { expect, it } from 'vitest';
import { canReckonIn, isTimeZone } from '../../../lib/time/time-zone.ts';

it.each([
  'UTC',
  'GMT',
  'Europe/Berlin',
  'Europe/Kyiv',
  'Europe/Kiev',
  'Asia/Kolkata',
  'Asia/Calcutta',
  'America/Argentina/Buenos_Aires',
  'America/Coyhaique',
  'Etc/GMT+5',
  'US/Pacific',
  'EST5EDT',
  'CET',
  'W-SU',
])('a name of the tz database is a time zone: %s', (name) => {
  expect(isTimeZone(name)).toBe(true);
});

it.each([
  // ICU knows these: as Bangladesh, as Paris, and in rules of its own.
  'BST',
  'ECT',
  'PST',
  'IST',
  'SystemV/EST5',
  'SystemV/AST4ADT',
  'europe/berlin',
  'EUROPE/BERLIN',
  'Europe/berlin',
  'utc',
  '+01:00',
  'GMT+1',
  'Factory',
  'Mars/Olympus',
  ' Europe/Berlin',
  'Europe/Berlin\n',
  '',
])('nothing else is: %j', (text) => {
  expect(isTimeZone(text)).toBe(false);
});

it('every zone that this runtime lists is one, by the name that it lists', () => {
  expect(Intl.supportedValuesOf('timeZone').filter((name) => !isTimeZone(name))).toEqual([]);
});

it('a time zone that was accepted before can still be reckoned in', () => {
  expect(['BST', 'europe/berlin', 'Mars/Olympus'].map(canReckonIn)).toEqual([true, true, false]);
});
