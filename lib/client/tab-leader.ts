// The tab that leads: it has the stream at the gateway, and passes on to all tabs what comes on it.
import { earliest } from './event-ids.ts';
import { type EventSource, followMessages, type Received } from './events.ts';
import { RecentEvents } from './recent-events.ts';
import { sleep } from './retry.ts';
import type { LeaderMessage, TabReport } from './tab-messages.ts';

const beatMs = 5_000;
const reportsWithinMs = 300;

export class TabLeader {
  readonly #source: EventSource;
  readonly #post: (message: LeaderMessage) => void;
  /** What tabs had handled when this one began to lead. */
  readonly #reported: string[] = [];
  #events: RecentEvents | undefined;
  /** By how much the clock of the gateway is ahead of `performance`. */
  #clockOffsetMs = 0;

  /** @param post sends to all tabs, this one included. */
  constructor(source: EventSource, post: (message: LeaderMessage) => void) {
    this.#source = source;
    this.#post = post;
  }

  report({ tab, lastEventId }: Pick<TabReport, 'tab' | 'lastEventId'>): void {
    if (this.#events !== undefined) this.#send(tab, this.#events, lastEventId);
    else if (lastEventId !== undefined) this.#reported.push(lastEventId);
  }

  /**
   * Leads until `signal` aborts.
   * @param isAlone whether there are no other tabs that could report.
   * @throws as `followEvents`.
   */
  async lead(isAlone: boolean, signal: AbortSignal): Promise<void> {
    this.#post({ kind: 'elected' });
    const beat = () => this.#post({ kind: 'beat', lastEventId: this.#events?.lastEventId });
    const beats = setInterval(beat, beatMs);
    try {
      if (!isAlone) await sleep(reportsWithinMs, signal);
      const lastEventId = earliest(this.#reported);
      const options = { signal, ...(lastEventId !== undefined && { lastEventId }) };
      for await (const received of followMessages(this.#source, options)) this.#pass(received);
    } finally {
      clearInterval(beats);
    }
  }

  #pass({ item, message }: Received): void {
    if (item.kind === 'event') {
      this.#events?.add(message);
      this.#post({ kind: 'event', message });
      return;
    }
    this.#clockOffsetMs = item.serverTimeMs - performance.now();
    // To the tabs a stream that goes on where the one before has ended is the same one.
    if (item.resumed && item.lastEventId === this.#events?.lastEventId) return;
    this.#events = new RecentEvents(item.lastEventId);
    this.#send(undefined, this.#events, item.lastEventId);
  }

  #send(tab: string | undefined, events: RecentEvents, lastEventId: string | undefined): void {
    const serverTimeMs = Math.round(performance.now() + this.#clockOffsetMs);
    this.#post({ kind: 'events', tab, serverTimeMs, ...events.after(lastEventId) });
  }
}
