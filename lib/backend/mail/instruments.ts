import { Instruments } from '../../telemetry/instruments.ts';

export const mailInstruments = new Instruments('galaxy.mail');

export const mailsSent = mailInstruments.counter(
  'mails_sent_total',
  ['kind'],
  'Mails that the SMTP server accepted, repeats included.',
);

export const mailAttemptsFailed = mailInstruments.counter(
  'mail_attempts_failed_total',
  ['kind'],
  'Attempts to send a mail that failed and are tried again.',
);

export const mailsGivenUp = mailInstruments.counter(
  'mails_given_up_total',
  ['reason'],
  'Mails that will not be sent: `refused` permanently by the server, `expired` before they could be sent, or `unreadable` ' +
    'since the secret of the codes has changed.',
);

export const mailSenderRefused = mailInstruments.counter(
  'mail_sender_refused_total',
  [],
  'Attempts at which the SMTP server refused the sender, BACKEND_MAIL_FROM, permanently. The mails wait.',
);

// Without a zero at the start, a query for the increase would miss the first one.
for (const reason of ['refused', 'expired', 'unreadable']) mailsGivenUp.add(0, reason);

let waitedMs = 0;

mailInstruments.gauge(
  'mail_oldest_waiting_age_ms',
  [],
  'How long the oldest mail has waited to be sent, as the mail worker saw it last; 0 when none waits.',
  (observe) => observe(waitedMs),
);

export function sawOldestWaitingMail(ms: number): void {
  waitedMs = ms;
}
