// Brings a stream up to date from its user's log, so that nothing is missing and nothing comes twice where reading
// ends and live events begin.
//
// The stream is under its user in the hub before the first page is asked for. So an event that was appended before the
// page was read is in the page; one that was appended after is published to the stream, which holds it until the pages
// are written and drops it if they had it. When the hub says that events may have been missed (a gap in the push log,
// more held than may be), another page is read: it was asked for after the gap, so it has what the gap hides.
import type { ReadUserEventsResponse } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { RejectedError } from '../rejected-error.ts';
import type { EventStream } from './event-stream.ts';
import { type EventSigner, signEvent, signHello } from './signed-event.ts';

/** One page of a user's events after one of them, as galaxy.push.v1 ReadUserEvents answers. */
export type ReadUserEvents = (
  userId: string,
  afterEventId: string,
  signal: AbortSignal,
) => Promise<ReadUserEventsResponse>;

export type JoinDeps = {
  readonly readUserEvents: ReadUserEvents;
  readonly signer: EventSigner;
  /** The gateway's clock, Unix time in milliseconds. */
  readonly now: () => number;
};

export type Subscription = {
  /** SHA-256 of the subscription's signed bytes. */
  readonly requestHash: Uint8Array;
  /** The client's; undefined begins with what happens from now on. */
  readonly lastEventId: string | undefined;
};

/**
 * Writes the hello and what the client missed, and lets the stream go live. Returns when that is done or the stream
 * has ended.
 * @returns whether everything after the client's `lastEventId` was or will be written.
 * @throws RejectedError RESYNC when the log loses its thread meanwhile, and whatever `readUserEvents` throws.
 */
export async function join(
  stream: EventStream,
  subscription: Subscription,
  deps: JoinDeps,
): Promise<{ resumed: boolean }> {
  const { lastEventId = '' } = subscription;
  stream.beginRead();
  const page = await deps.readUserEvents(stream.userId, lastEventId, stream.over);
  const resumed = lastEventId !== '' && page.found;
  const from = resumed ? lastEventId : page.headEventId;
  if (stream.endReason === undefined) {
    const hello = { serverTimeMs: deps.now(), resumed, lastEventId: from };
    stream.begin(signHello(deps.signer, subscription.requestHash, hello), from);
    await writeOn(stream, page, deps);
  }
  return { resumed };
}

/**
 * Writes what a stream that was live has missed, and lets it go live again.
 * @throws RejectedError RESYNC when that cannot be known any more, and whatever `readUserEvents` throws.
 */
export async function refill(stream: EventStream, deps: JoinDeps): Promise<void> {
  const page = await readOn(stream, deps);
  if (page !== undefined) await writeOn(stream, page, deps);
}

/** Writes a page and those after it up to the head, as fast as the client takes them. */
async function writeOn(stream: EventStream, first: ReadUserEventsResponse, deps: JoinDeps): Promise<void> {
  let page: ReadUserEventsResponse | undefined = first;
  while (page !== undefined) {
    const before = stream.lastEventId;
    for (const event of page.events) {
      await stream.ready();
      if (stream.endReason !== undefined) return;
      if (!stream.append(signEvent(deps.signer, event, false))) throw resync();
    }
    const atHead = page.events.length === 0 || stream.lastEventId === page.headEventId;
    if (atHead && stream.goLive()) return;
    // A page that leads nowhere would be read for ever.
    if (!atHead && stream.lastEventId === before) throw resync();
    page = await readOn(stream, deps);
  }
}

/** The next page; undefined when the stream has ended. */
async function readOn(stream: EventStream, deps: JoinDeps): Promise<ReadUserEventsResponse | undefined> {
  // The page before is with the client first, so that a slow one holds no more than a page and its bounds.
  await stream.ready();
  if (stream.endReason !== undefined) return undefined;
  stream.beginRead();
  const page = await deps.readUserEvents(stream.userId, stream.lastEventId, stream.over);
  if (stream.endReason !== undefined) return undefined;
  if (!page.found) throw resync();
  return page;
}

function resync(): RejectedError {
  return new RejectedError({
    reason: 'RESYNC',
    message: 'The stream cannot be continued without a hole; open it again with the last event’s id.',
  });
}
