// The last events of the stream that tabs share, for tabs that come later or have missed some.
import type { EventMessage } from './transport.ts';

/** Events in the order of the log, and the id before the first of them. */
export type EventsAfter = { start: string; messages: readonly EventMessage[] };

const mostEvents = 1_000;

export class RecentEvents {
  readonly #messages: EventMessage[] = [];
  #start: string;

  /** @param start where the stream began. */
  constructor(start: string) {
    this.#start = start;
  }

  /** Of the last event. */
  get lastEventId(): string {
    return this.#messages.at(-1)?.eventId ?? this.#start;
  }

  add(message: EventMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > mostEvents) this.#start = this.#messages.shift()?.eventId ?? this.#start;
  }

  /** All that came after an event; where that one is not known, the place of the next event. */
  after(eventId: string | undefined): EventsAfter {
    if (eventId === this.#start) return { start: eventId, messages: this.#messages };
    const index = this.#messages.findLastIndex((message) => message.eventId === eventId);
    if (eventId === undefined || index === -1) return { start: this.lastEventId, messages: [] };
    return { start: eventId, messages: this.#messages.slice(index + 1) };
  }
}
