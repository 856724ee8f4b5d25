// Mails on their way out. They are written in the transaction that decides them, and sent afterwards: by the process
// that wrote them right after its commit, and what that leaves (it died, the server was away) by the mail worker.
//
// Guarantees: a mail exists exactly when its transaction was committed. It is sent at least once, unless the server
// refuses it for good or nobody wants it any more; again only when a process died, or lost the database, between the
// server's answer and the deletion of the row. Mails know no order and do not wait for each other: each is claimed
// for as long as sending it may take, in no transaction, and a mailbox that makes trouble holds back its own mails.
// Any number of processes may send. What a mail says is sealed as long as it waits, and gone once it was sent.
//
// Not a part of the outbox, which publishes again what it keeps when Redis was lost, and which holds a transaction open
// and the messages of other users back while it publishes. Mails are neither repeated for that, nor quick.
import type { Logger } from '../../telemetry/logger.ts';
import type { Database } from '../store/database.ts';
import {
  claimDueMails,
  type DueMail,
  deleteMail,
  insertMails,
  retryMailLater,
  type StoredMail,
} from '../store/mails.ts';
import { mailAttemptsFailed, mailsGivenUp, mailsSent } from './instruments.ts';
import { type Mail, type MailContent, type Mailer, MailRefused } from './mail.ts';
import type { MailSeal } from './seal.ts';

export type NewMail = Mail & { readonly expiresAt: Date };

/** Writes mails with the transaction that decides them. */
export async function writeMails(tx: Database, seal: MailSeal, mails: readonly NewMail[]): Promise<void> {
  const rows = await Promise.all(
    mails.map(async ({ mailId, to, locale, content, expiresAt }): Promise<StoredMail> => {
      return { mailId, recipient: to, locale, content: await seal.seal(mailId, content), expiresAt };
    }),
  );
  await insertMails(tx, rows);
}

const firstRetryMs = 2_000;
const longestRetryMs = 60_000;
/** For what the database takes before and after a mail is sent. */
const claimSlackMs = 5_000;

export type MailSenderParts = {
  readonly db: Database;
  readonly seal: MailSeal;
  readonly mailer: Mailer;
  /** How many are sent side by side. */
  readonly maxAtOnce: number;
  /** What bounds `mailer.send`. */
  readonly timeoutMs: number;
  readonly now: () => Date;
  readonly log: Logger;
};

export class MailSender {
  readonly #parts: MailSenderParts;
  readonly #sending = new Set<Promise<void>>();
  #looking: Promise<void> | undefined;
  #wanted = false;
  #stopped = false;

  constructor(parts: MailSenderParts) {
    this.#parts = parts;
  }

  /** Sends what is due, in the background; to be called after a commit, and now and then. */
  sendSoon(): void {
    if (this.#stopped) return;
    this.#wanted = true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Resolves when nothing that is due now is being sent any more. */
  async settled(): Promise<void> {
    while (this.#looking !== undefined || this.#sending.size > 0) {
      await this.#looking;
      await Promise.all(this.#sending);
    }
  }

  /** Begins no further mail; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.settled();
  }

  async #look(): Promise<void> {
    const { db, maxAtOnce, timeoutMs, log } = this.#parts;
    try {
      while (this.#wanted && !this.#stopped) {
        this.#wanted = false;
        const free = maxAtOnce - this.#sending.size;
        // Whichever ends next looks again.
        if (free === 0) return;
        const due = await claimDueMails(db, { limit: free, claimMs: timeoutMs + claimSlackMs });
        for (const mail of due) this.#start(mail);
      }
    } catch (error) {
      log.warn({ error }, 'mails were left to the mail worker');
    }
  }

  #start(mail: DueMail): void {
    const sending = this.#send(mail)
      .catch((error: unknown) => {
        this.#parts.log.warn(
          { error, mail_id: mail.mailId },
          'what became of a mail could not be noted down',
        );
      })
      .finally(() => {
        this.#sending.delete(sending);
        this.sendSoon();
      });
    this.#sending.add(sending);
  }

  async #send({ mailId, recipient, locale, content: sealed, expiresAt, failures }: DueMail): Promise<void> {
    const { db, seal, mailer, now, log } = this.#parts;
    const giveUp = async (reason: 'expired' | 'unreadable' | 'refused', why: object = {}) => {
      await deleteMail(db, mailId);
      mailsGivenUp.add(1, reason);
      log.warn({ mail_id: mailId, reason, failures, ...why }, 'mail given up');
    };

    if (expiresAt <= now()) return giveUp('expired');
    let content: MailContent;
    try {
      content = await seal.open(mailId, sealed);
    } catch (error) {
      return giveUp('unreadable', { error });
    }
    try {
      await mailer.send({ mailId, to: recipient, locale, content });
    } catch (error) {
      if (error instanceof MailRefused) return giveUp('refused', answerOf(error.cause));
      await retryMailLater(db, { mailId, afterMs: Math.min(firstRetryMs * 2 ** failures, longestRetryMs) });
      mailAttemptsFailed.add(1, content.kind);
      log.warn({ mail_id: mailId, failures: failures + 1, ...answerOf(error) }, 'mail could not be sent');
      return;
    }
    mailsSent.add(1, content.kind);
    await deleteMail(db, mailId);
  }
}

/** What an operator needs of a failure. Not the text of an answer, in which servers like to repeat the address. */
function answerOf(error: unknown): Record<string, unknown> {
  const { code, command, response, message } = error as {
    code?: string;
    command?: string;
    response?: string;
    message?: string;
  };
  const [status] = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response ?? '') ?? [];
  const ofConnection = response === undefined && code !== 'EENVELOPE';
  return { code, command, status, ...(ofConnection ? { problem: message } : {}) };
}
