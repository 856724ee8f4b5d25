// Entries of Redis streams as they come, and the order of their ids.

/** One entry; `fields` without `traceparent`. */
export type StreamEntry = {
  /** `<milliseconds>-<number>`, Redis's own. */
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  /** W3C trace context of whoever caused it; empty for none. */
  readonly traceparent: string;
};

/** Before every entry. */
export const streamStart = '0-0';

/** Negative when `a` comes before `b` in a stream. @throws TypeError for what is no id of an entry. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs, aNumber] = parts(a);
  const [bMs, bNumber] = parts(b);
  return aMs - bMs || aNumber - bNumber;
}

/** When Redis took the entry, by its own clock: milliseconds since 1970. */
export function entryTimeMs(id: string): number {
  return parts(id)[0];
}

function parts(id: string): [number, number] {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(id);
  if (match === null) throw new TypeError(`${JSON.stringify(id)} is no id of a stream entry`);
  return [Number(match[1]), Number(match[2])];
}

/** From a reply of XREAD or XRANGE: an id, and names and values in turns. */
export function readEntry([id, flat]: readonly [string, readonly string[]]): StreamEntry {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) fields[flat[at] as string] = flat[at + 1] as string;
  const { traceparent = '', ...rest } = fields;
  return { id, fields: rest, traceparent };
}
