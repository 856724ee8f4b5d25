import { type Counter, Instruments } from '../telemetry/instruments.ts';

export const streamInstruments = new Instruments('galaxy.streams');

export const entriesHandled = streamInstruments.counter(
  'stream_entries_handled_total',
  ['consumer'],
  'Entries of streams that were handled, repeats included.',
);

export const deadLettered = streamInstruments.counter(
  'stream_dead_letters_total',
  ['consumer'],
  'Entries of streams that can never be applied and were put into the dead letters.',
);

export const lossesSeen = streamInstruments.counter(
  'stream_losses_total',
  ['consumer'],
  'How often a stream had lost entries before they were handled.',
);

/** Shows a consumer's series before they count anything: whoever watches their growth would miss the first otherwise. */
export function beginAtZero(consumer: string, ...counters: readonly Counter[]): void {
  for (const counter of counters) counter.add(0, consumer);
}
