// Lets a stream catch up from its user's log, so that no event is lost or repeated where the log's pages end and live
// events begin.
//
// The hub registers the stream under its user before the first page is requested. So an event that was appended before
// the page was read is in the page; one that was appended later is published to the stream, which holds it until the
// pages are written and drops it if they contained it. When events may have been missed (a gap in the push log, too
// many held events), another page is read: it is requested after the gap, so it contains the missed events.
import type { ReadUserEventsResponse } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { RejectedError, type Rejection } from '../domain/rejection.ts';
import { type CatchUpSlots, CatchUpTurn } from './catch-up-slots.ts';
import type { EventStream } from './event-stream.ts';
import { type EventSigner, signEvent, signHello } from './signed-event.ts';

/** Reads one page of a user's events after one of them; galaxy.push.v1 ReadUserEvents. */
export type ReadUserEvents = (
  userId: string,
  afterEventId: string,
  signal: AbortSignal,
) => Promise<ReadUserEventsResponse>;

export type CatchUpDeps = {
  readonly readUserEvents: ReadUserEvents;
  readonly slots: CatchUpSlots;
  readonly signer: EventSigner;
  /** The gateway's clock, Unix time in milliseconds. */
  readonly now: () => number;
};

export type Subscription = {
  /** SHA-256 of the subscription's signed bytes. */
  readonly requestHash: Uint8Array;
  /** The last event that the client has; undefined: the stream begins with the next event. */
  readonly lastEventId: string | undefined;
};

/**
 * Writes the hello and the events that the client missed, and lets the stream go live. Returns when that is done or
 * the stream has ended.
 * @returns whether every event after the client's `lastEventId` was or will be written.
 * @throws RejectedError RESYNC when a page no longer connects to the events that were written, and any error of
 * `readUserEvents` and of the slots.
 */
export async function join(
  stream: EventStream,
  subscription: Subscription,
  deps: CatchUpDeps,
): Promise<{ resumed: boolean }> {
  const { lastEventId = '' } = subscription;
  const turn = new CatchUpTurn(deps.slots);
  try {
    const page = await readPage(stream, lastEventId, turn, deps);
    const resumed = lastEventId !== '' && page.found;
    const from = resumed ? lastEventId : page.headEventId;
    if (stream.endReason === undefined) {
      const hello = { serverTimeMs: deps.now(), resumed, lastEventId: from };
      stream.begin(signHello(deps.signer, subscription.requestHash, hello), from);
      if (!(await writePage(stream, page, turn, deps))) await readOn(stream, turn, deps);
    }
    return { resumed };
  } finally {
    turn.end();
  }
}

/**
 * Writes the events that a live stream has missed, and lets it go live again.
 * @throws RejectedError RESYNC when the log no longer has them, and any error of `readUserEvents` and of the slots.
 */
export async function refill(stream: EventStream, deps: CatchUpDeps): Promise<void> {
  const turn = new CatchUpTurn(deps.slots);
  try {
    await readOn(stream, turn, deps);
  } finally {
    turn.end();
  }
}

/** Writes pages up to the head, as fast as the client reads them, and lets the stream go live. */
async function readOn(stream: EventStream, turn: CatchUpTurn, deps: CatchUpDeps): Promise<void> {
  for (;;) {
    // The client gets the page before first, so that a slow client uses no more memory than a page and its bounds.
    await stream.ready();
    if (stream.endReason !== undefined) return;
    const page = await readPage(stream, stream.lastEventId, turn, deps);
    if (stream.endReason !== undefined) return;
    if (!page.found) throw new RejectedError(resync);
    if (await writePage(stream, page, turn, deps)) return;
  }
}

/** Reads a page when it is the stream's turn. */
async function readPage(
  stream: EventStream,
  after: string,
  turn: CatchUpTurn,
  { readUserEvents }: CatchUpDeps,
): Promise<ReadUserEventsResponse> {
  const waiting = turn.begin(stream.endSignal);
  if (waiting !== undefined) {
    await waiting;
    stream.endSignal.throwIfAborted();
  }
  stream.beginRead();
  const page = await readUserEvents(stream.userId, after, stream.endSignal);
  turn.pageRead();
  return page;
}

/** @returns whether the stream is live, or has ended; otherwise another page must be read. */
async function writePage(
  stream: EventStream,
  page: ReadUserEventsResponse,
  turn: CatchUpTurn,
  { signer }: CatchUpDeps,
): Promise<boolean> {
  const before = stream.lastEventId;
  for (const event of page.events) {
    await stream.ready();
    turn.eventTaken();
    if (stream.endReason !== undefined) return true;
    if (!stream.append(signEvent(signer, event, false))) throw new RejectedError(resync);
  }
  const atHead = page.events.length === 0 || stream.lastEventId === page.headEventId;
  if (atHead && stream.goLive()) return true;
  // A page without progress would be read again and again.
  if (!atHead && stream.lastEventId === before) throw new RejectedError(resync);
  return false;
}

export const resync: Rejection = {
  reason: 'RESYNC',
  message: 'The stream cannot continue without a gap; open it again with the last event’s id.',
};
