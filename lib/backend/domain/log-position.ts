// Places in the push log and the opaque texts that carry them over the wire: cursors (a gateway's place in the
// global stream) and event ids (a client's place in its user's stream).
//
// A place is the log's epoch (a random name, new whenever the log starts anew) and a position in it. Positions are
// the ids that Redis gives stream entries: milliseconds and a sequence number, always growing. Both texts are
// `<kind><epoch>-<ms>-<seq>` in fixed width, so a place has exactly one text, a cursor is never taken for an event
// id, and within one epoch later places have greater texts. Pure.

export type StreamId = { readonly ms: number; readonly seq: number };

export type Place = { readonly epoch: string; readonly position: StreamId };

/** Which part of its history a log still has: everything after `floor`, up to and with `head`. */
export type LogState = { readonly epoch: string; readonly floor: StreamId; readonly head: StreamId };

/** Why a log cannot be read on from a place. */
export type PositionFault = 'malformed' | 'other_epoch' | 'trimmed' | 'beyond_end' | 'unknown';

const msDigits = 9;
const seqDigits = 7;
const epochPattern = /^[0-9a-f]{16}$/;
const textPattern = /^([ce])([0-9a-f]{16})-([0-9a-z]{9})-([0-9a-z]{7})$/;
const streamIdPattern = /^(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/;

/** A gateway's place in the global stream. */
export const encodeCursor = (place: Place): string => encode('c', place);
export const decodeCursor = (text: string): Place | undefined => decode('c', text);

/** A client's place in its user's stream; of `[A-Za-z0-9_-]` only. */
export const encodeEventId = (place: Place): string => encode('e', place);
export const decodeEventId = (text: string): Place | undefined => decode('e', text);

/** Negative, zero or positive, as for Array.sort. */
export function compareStreamIds(a: StreamId, b: StreamId): number {
  return a.ms - b.ms || a.seq - b.seq;
}

/** Redis's own text of a position: `1764000000000-0`. */
export function formatStreamId({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

export function parseStreamId(text: string): StreamId {
  const match = streamIdPattern.exec(text);
  if (match === null) throw new RangeError(`${JSON.stringify(text)} is not the id of a stream entry`);
  return { ms: Number(match[1]), seq: Number(match[2]) };
}

/** The smallest position after this one. */
export function nextStreamId({ ms, seq }: StreamId): StreamId {
  return { ms, seq: seq + 1 };
}

/**
 * Whether a log can be read on from a place without missing anything.
 * @param exists whether the log holds an entry at exactly this position. A place between its ends that it does not
 *   hold was never given out by this log, or was lost by it.
 */
export function faultOf(place: Place, log: LogState, exists: boolean): PositionFault | undefined {
  if (place.epoch !== log.epoch) return 'other_epoch';
  const fromFloor = compareStreamIds(place.position, log.floor);
  if (fromFloor < 0) return 'trimmed';
  if (compareStreamIds(place.position, log.head) > 0) return 'beyond_end';
  return fromFloor === 0 || exists ? undefined : 'unknown';
}

function encode(kind: 'c' | 'e', { epoch, position }: Place): string {
  if (!epochPattern.test(epoch))
    throw new RangeError(`${JSON.stringify(epoch)} is not the epoch of a push log`);
  return `${kind}${epoch}-${digits(position.ms, msDigits)}-${digits(position.seq, seqDigits)}`;
}

function digits(value: number, width: number): string {
  const text = value.toString(36);
  if (!Number.isSafeInteger(value) || value < 0 || text.length > width) {
    throw new RangeError(`${value} does not fit into ${width} digits of a push log's id`);
  }
  return text.padStart(width, '0');
}

function decode(kind: 'c' | 'e', text: string): Place | undefined {
  const [, given, epoch, ms, seq] = textPattern.exec(text) ?? [];
  if (given !== kind || epoch === undefined || ms === undefined || seq === undefined) return undefined;
  return { epoch, position: { ms: Number.parseInt(ms, 36), seq: Number.parseInt(seq, 36) } };
}
