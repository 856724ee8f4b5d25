import { Instruments } from '../telemetry/instruments.ts';

export const outboxInstruments = new Instruments('galaxy.outbox');

export const publishedMessages = outboxInstruments.counter(
  'outbox_published_total',
  ['kind'],
  'Messages of the outbox that were published, repeats included.',
);

export const failedAttempts = outboxInstruments.counter(
  'outbox_failed_attempts_total',
  ['kind'],
  'Attempts to publish a message of the outbox that failed.',
);

let waitedMs = 0;

outboxInstruments.gauge(
  'outbox_oldest_waiting_age_ms',
  [],
  'How long the oldest message of the outbox has waited to be published, as the relay last measured it; 0 when none waits.',
  (observe) => observe(waitedMs),
);

export function recordOldestWaiting(ms: number): void {
  waitedMs = ms;
}
