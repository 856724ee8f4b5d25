// The player's events in a browser, where all tabs of a device session share one stream. One tab leads, which is the one
// that holds a lock; the others get from it, on a BroadcastChannel, what the gateway has signed, and verify it like any
// stream. Every loop over `client.events()` takes part by itself, also those of one page.
//
// Guarantees: those of followEvents, for each tab. When the leader is closed, crashes or hangs, another tab takes over
// where the tab that is furthest behind has stopped, and each tab skips what it knows. A tab that finds a hole asks the
// leader; what the leader does not have any more is not there, so a hello with `resumed: false` follows.
import { isLater } from './event-ids.ts';
import { type EventSource, type FollowOptions, type Hello, type PlayerEvent, readEvent } from './events.ts';
import { GatewayError } from './gateway-error.ts';
import { Inbox } from './inbox.ts';
import { isPassing, pauseMs, sleep } from './retry.ts';
import { Silence } from './silence.ts';
import { TabLeader } from './tab-leader.ts';
import { holdLock, isContended } from './tab-lock.ts';
import type { LeaderMessage, TabReport } from './tab-messages.ts';
import type { EventMessage } from './transport.ts';

/** Further ones are dropped while the caller is slow: a hole, for which the leader is asked. */
const mostWaiting = 2_000;
/** How much later than the end of its stream a tab may hear that another one has taken the lock. */
const lockNewsMs = 1_000;

/** As `followEvents`, on the stream that all tabs of the device session share. */
export async function* followInTabs(
  source: EventSource,
  options: FollowOptions,
  deviceSessionId: string,
): AsyncGenerator<Hello | PlayerEvent, void> {
  // The number is that of the messages: tabs with another version of this code stay apart.
  const tab = new Tab(`galaxy-client.events-1.${deviceSessionId}`, source, options);
  try {
    yield* tab.items();
  } finally {
    tab.leave();
  }
}

class Tab {
  readonly #id = crypto.randomUUID();
  readonly #name: string;
  readonly #source: EventSource;
  readonly #leaving = new AbortController();
  readonly #left: AbortSignal;
  readonly #channel: BroadcastChannel;
  readonly #inbox = new Inbox<LeaderMessage>(mostWaiting);
  readonly #silence: Silence;
  /** Of the last event that the caller has handled. */
  #lastEventId: string | undefined;
  #isFirst = false;
  /** For what is missing before an event; when no response comes, the next beat makes this tab ask again. */
  #hasAsked = false;
  #leader: TabLeader | undefined;
  /** Aborts when the page is left, perhaps to be shown again later. */
  #hidden = new AbortController();
  #competing = Promise.resolve();

  constructor(name: string, source: EventSource, { lastEventId, signal }: FollowOptions) {
    this.#name = name;
    this.#source = source;
    this.#lastEventId = lastEventId;
    const { signal: left } = this.#leaving;
    this.#left = signal === undefined ? left : AbortSignal.any([left, signal]);
    this.#silence = new Silence(this.#left);
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#receive(data as LeaderMessage | TabReport);
    addEventListener('pagehide', () => this.#hidden.abort(), { signal: this.#left });
    const shown = ({ persisted }: PageTransitionEvent) => {
      if (persisted) this.#takePart();
    };
    addEventListener('pageshow', shown, { signal: this.#left });
    this.#takePart();
  }

  /** Until the caller leaves. @throws as `followEvents`. */
  async *items(): AsyncGenerator<Hello | PlayerEvent, void> {
    for (;;) {
      const message = await this.#inbox.next(this.#left);
      if (message === undefined) return;
      const item = await this.#read(message);
      if (item === undefined) continue;
      yield item;
      this.#lastEventId = item.kind === 'hello' ? item.lastEventId : item.eventId;
    }
  }

  leave(): void {
    this.#leaving.abort();
    this.#channel.onmessage = null;
    void this.#competing.then(() => this.#channel.close());
  }

  #takePart(): void {
    this.#hidden = new AbortController();
    const here = AbortSignal.any([this.#left, this.#hidden.signal]);
    this.#competing = this.#compete(here).catch((error: unknown) => this.#inbox.fail(error));
    this.#report();
  }

  /** Leads whenever it is this tab's turn, or nothing is heard of the tab that leads. */
  async #compete(here: AbortSignal): Promise<void> {
    const lead = (lost: AbortSignal) => this.#lead(AbortSignal.any([here, lost]));
    while (!here.aborted) {
      const silent = this.#silence.watch();
      await holdLock(this.#name, { signal: AbortSignal.any([here, silent]) }, lead);
      if (silent.aborted && !here.aborted) await holdLock(this.#name, { steal: true }, lead);
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const leader = new TabLeader(this.#source, (message) => {
      this.#channel.postMessage(message);
      this.#receive(message);
    });
    this.#leader = leader;
    try {
      await leader.lead(!(await isContended(this.#name)), signal);
    } catch (error) {
      // By the stream of the tab that has taken the lock, of which this one may hear a little later.
      if (error instanceof GatewayError && error.reason === 'SUPERSEDED') await sleep(lockNewsMs, signal);
      if (!signal.aborted) throw error;
    } finally {
      this.#leader = undefined;
    }
  }

  #report(): void {
    const report: TabReport = { kind: 'report', tab: this.#id, lastEventId: this.#lastEventId };
    if (this.#leader === undefined) this.#channel.postMessage(report);
    else this.#leader.report(report);
  }

  #receive(message: LeaderMessage | TabReport): void {
    if (message.kind === 'report') {
      this.#leader?.report(message);
      return;
    }
    this.#silence.heard();
    if (message.kind === 'elected') this.#report();
    else if (message.kind !== 'events') this.#inbox.put(message);
    else if (message.tab === undefined || message.tab === this.#id) {
      this.#inbox.put({ ...message, messages: [] });
      for (const event of message.messages) this.#inbox.put({ kind: 'event', message: event });
    }
  }

  async #read(received: LeaderMessage): Promise<Hello | PlayerEvent | undefined> {
    if (received.kind === 'event') return this.#readEvent(received.message);
    if (received.kind === 'events') {
      const { start, serverTimeMs } = received;
      this.#isFirst = true;
      this.#hasAsked = false;
      const resumed = this.#knows(start);
      const lastEventId = resumed && this.#lastEventId !== undefined ? this.#lastEventId : start;
      return { kind: 'hello', resumed, lastEventId, serverTimeMs };
    }
    if (
      received.kind === 'beat' &&
      received.lastEventId !== undefined &&
      !this.#knows(received.lastEventId)
    ) {
      this.#report();
    }
    return undefined;
  }

  async #readEvent(message: EventMessage): Promise<PlayerEvent | undefined> {
    if (this.#knows(message.eventId)) return undefined;
    const follows =
      message.prevEventId === this.#lastEventId || (this.#isFirst && message.prevEventId === '');
    if (!follows) {
      if (!this.#hasAsked) this.#report();
      this.#hasAsked = true;
      return undefined;
    }
    const key = await this.#serverKey(message.keyId);
    if (key === undefined) return undefined;
    const event = await readEvent(message, this.#source.userId, key);
    this.#isFirst = false;
    return event;
  }

  /** @returns undefined when the gateway cannot be asked for it; the leader then sends the event again. */
  async #serverKey(keyId: string): Promise<CryptoKey | undefined> {
    try {
      return await this.#source.serverKey(keyId, this.#left);
    } catch (error) {
      if (this.#left.aborted) return undefined;
      if (!isPassing(error)) throw error;
      await sleep(pauseMs(0, error), this.#left);
      this.#report();
      return undefined;
    }
  }

  #knows(eventId: string): boolean {
    return this.#lastEventId === eventId || isLater(this.#lastEventId ?? '', eventId);
  }
}
