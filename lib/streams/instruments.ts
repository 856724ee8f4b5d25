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
  'Entries of streams that could not be applied, or wait behind such a one, and went to the dead letters.',
);

export const lossesSeen = streamInstruments.counter(
  'stream_losses_total',
  ['consumer'],
  'How often a stream lost entries before they were handled.',
);

/** As the maintenance of this process saw them last, by consumer. */
export const parkedKeys = new Map<string, number>();

streamInstruments.gauge(
  'stream_parked_keys',
  ['consumer'],
  'Games or users whose entries wait behind a dead letter until an admin retries or discards it.',
  (observe) => {
    for (const [consumer, keys] of parkedKeys) observe(keys, consumer);
  },
);

/** Exports a consumer's series before its first event, since a rate over a series that begins at 1 misses that one. */
export function exportZero(consumer: string, ...counters: readonly Counter[]): void {
  for (const counter of counters) counter.add(0, consumer);
}
