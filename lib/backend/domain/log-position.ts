// Positions in the push log, and the opaque texts that carry them over the wire: cursors (a gateway's position in the
// global stream) and event ids (a client's position in its user's stream).
//
// A position consists of the log's epoch (a random name, new whenever the log starts again from nothing) and the id
// that Redis gave the stream entry: milliseconds and a sequence number, always growing. Both texts are
// `<kind><epoch>-<ms>-<seq>` in fixed width, so a position has exactly one text, a cursor is never taken for an event
// id, and within one epoch later positions have greater texts. Pure.

/** The id of an entry of a Redis stream. */
export type StreamId = { readonly ms: number; readonly seq: number };

export type LogPosition = { readonly epoch: string; readonly id: StreamId };

/** Which entries a log still has: everything after `floor`, up to and including `head`. */
export type LogState = { readonly epoch: string; readonly floor: StreamId; readonly head: StreamId };

/** Why reading cannot continue from a position. */
export type PositionFault = 'malformed' | 'other_epoch' | 'trimmed' | 'beyond_end' | 'unknown';

const msDigits = 9;
const seqDigits = 7;
const epochPattern = /^[0-9a-f]{16}$/;
const textPattern = /^([ce])([0-9a-f]{16})-([0-9a-z]{9})-([0-9a-z]{7})$/;
const streamIdPattern = /^(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/;

/** A gateway's position in the global stream. */
export const encodeCursor = (position: LogPosition): string => encode('c', position);
export const decodeCursor = (text: string): LogPosition | undefined => decode('c', text);

/** A client's position in its user's stream; consists of `[A-Za-z0-9_-]` only. */
export const encodeEventId = (position: LogPosition): string => encode('e', position);
export const decodeEventId = (text: string): LogPosition | undefined => decode('e', text);

/** Negative, zero or positive, as for Array.sort. */
export function compareStreamIds(a: StreamId, b: StreamId): number {
  return a.ms - b.ms || a.seq - b.seq;
}

/** As Redis writes it: `1764000000000-0`. */
export function formatStreamId({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

export function parseStreamId(text: string): StreamId {
  const match = streamIdPattern.exec(text);
  if (match === null) throw new RangeError(`${JSON.stringify(text)} is not the id of a stream entry`);
  return { ms: Number(match[1]), seq: Number(match[2]) };
}

/** The smallest id after this one. */
export function nextStreamId({ ms, seq }: StreamId): StreamId {
  return { ms, seq: seq + 1 };
}

/**
 * Checks that reading can continue from a position without missing anything.
 * @param exists whether the log has an entry at exactly this position. Where it has none between its ends, the log
 *   never issued this position, or has lost the entry.
 * @returns undefined when it can.
 */
export function faultOf(position: LogPosition, log: LogState, exists: boolean): PositionFault | undefined {
  if (position.epoch !== log.epoch) return 'other_epoch';
  const fromFloor = compareStreamIds(position.id, log.floor);
  if (fromFloor < 0) return 'trimmed';
  if (compareStreamIds(position.id, log.head) > 0) return 'beyond_end';
  return fromFloor === 0 || exists ? undefined : 'unknown';
}

function encode(kind: 'c' | 'e', { epoch, id }: LogPosition): string {
  if (!epochPattern.test(epoch))
    throw new RangeError(`${JSON.stringify(epoch)} is not the epoch of a push log`);
  return `${kind}${epoch}-${digits(id.ms, msDigits)}-${digits(id.seq, seqDigits)}`;
}

function digits(value: number, width: number): string {
  const text = value.toString(36);
  if (!Number.isSafeInteger(value) || value < 0 || text.length > width) {
    throw new RangeError(`${value} does not fit into ${width} digits of a push log position`);
  }
  return text.padStart(width, '0');
}

function decode(kind: 'c' | 'e', text: string): LogPosition | undefined {
  const [, given, epoch, ms, seq] = textPattern.exec(text) ?? [];
  if (given !== kind || epoch === undefined || ms === undefined || seq === undefined) return undefined;
  return { epoch, id: { ms: Number.parseInt(ms, 36), seq: Number.parseInt(seq, 36) } };
}
