import { timeZoneNames } from './generated/time-zone-names.ts';

/** The engine lists names that are newer than the table, but not the other names of a zone, such as `US/Pacific`. */
const names = new Set([...timeZoneNames.trim().split(/\s+/), ...Intl.supportedValuesOf('timeZone')]);

/**
 * Whether a text is a name of the tz database, in its letter case, that this runtime knows, such as `Europe/Berlin` or
 * `UTC`.
 */
export function isTimeZone(text: string): boolean {
  return names.has(text) && canReckonIn(text);
}

/**
 * Whether this runtime can reckon in a time zone that was accepted before. Intl knows more than names: offsets, names in
 * any letter case, and abbreviations that mean other places to other people (`BST` is Bangladesh).
 */
export function canReckonIn(timeZone: string): boolean {
  let known = reckonable.get(timeZone);
  if (known === undefined) {
    known = hasRules(timeZone);
    if (names.has(timeZone)) reckonable.set(timeZone, known);
  }
  return known;
}

/** By name. To ask Intl takes 0.1 ms. */
const reckonable = new Map<string, boolean>();

function hasRules(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
