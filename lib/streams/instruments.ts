import { Instruments } from '../telemetry/instruments.ts';

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
