// Outgoing mails. They are written in the transaction that decides them, and sent afterwards: by the process that wrote
// them, right after its commit, or by the mail worker if that process died or the server could not be reached.
//
// Guarantees: a mail exists exactly when its transaction was committed. It is sent at least once, unless the server
// refuses it permanently or it expires; twice only when a process died, or lost the database, between the server's
// response and the deletion of the row. Mails are not ordered and do not wait for each other: each is claimed outside
// of a transaction for as long as sending it may take, and a mailbox with problems delays only its own mails. Any
// number of processes may send. The content of a mail is sealed while it waits, and deleted once it was sent.
//
// Anyone can request codes, so these share a budget over all processes, wait in a fair order of networks, and those for
// addresses with an account have a part of the budget to themselves (domain/mail-queues.ts).
//
// Notices that often come in numbers are coalesced: the first one is mailed at once, and those of the window that then
// begins are counted (store/mail-windows.ts) until the mail worker mails their number.
//
// Mails are not in the outbox: after a loss of Redis it publishes again what it still has, and while it publishes it
// holds a transaction open and the messages of other users back. Mails must not be repeated for that, and are slow.
import type { Logger } from '../../telemetry/logger.ts';
import type { CodeBudget } from '../domain/mail-queues.ts';
import type { Database } from '../store/database.ts';
import { countNotices, type WindowKey } from '../store/mail-windows.ts';
import {
  type CodeRequester,
  claimDueMails,
  type DueMail,
  deleteMail,
  endMail,
  insertMails,
  retryMailLater,
  type StoredMail,
} from '../store/mails.ts';
import { mailAttemptsFailed, mailSenderRefused, mailsGivenUp, mailsSent } from './instruments.ts';
import { kindOf, type Mail, type MailContent, type Mailer, MailRefused, SenderRefused } from './mail.ts';
import type { MailSeal } from './seal.ts';

export type NewMail = Mail & {
  readonly expiresAt: Date;
  /** For a mail with a code, which anyone may have requested. */
  readonly codeFor?: CodeRequester;
  /** For a notice that is coalesced with others of this key. */
  readonly coalesce?: WindowKey & { readonly windowMs: number };
};

/** Writes mails with the transaction that decides them. No two may have the same key to coalesce. */
export async function writeMails(tx: Database, seal: MailSeal, mails: readonly NewMail[]): Promise<void> {
  const sealed = await Promise.all(
    mails.map(async ({ mailId, to, locale, content, coalesce, ...rest }) => {
      const mail: StoredMail = {
        mailId,
        recipient: to,
        locale,
        content: await seal.seal(mailId, content),
        ...rest,
      };
      return { mail, coalesce };
    }),
  );
  const coalesced = sealed.flatMap(({ mail, coalesce }) => (coalesce ? [{ ...mail, ...coalesce }] : []));
  const counted = await countNotices(tx, coalesced);
  const now = sealed.filter(({ mail }) => !counted.has(mail.mailId));
  await insertMails(
    tx,
    now.map(({ mail }) => mail),
  );
}

const firstRetryMs = 2_000;
const longestRetryMs = 60_000;
/** Before each claim. */
const expiredAtOnce = 100;
/** For the database work before and after a mail is sent. */
const claimSlackMs = 5_000;

export type MailSenderParts = {
  readonly db: Database;
  readonly seal: MailSeal;
  readonly mailer: Mailer;
  readonly budget: CodeBudget;
  /** How many are sent concurrently. */
  readonly maxConcurrent: number;
  /** The limit of `mailer.send`. */
  readonly timeoutMs: number;
  readonly now: () => Date;
  readonly log: Logger;
};

export class MailSender {
  readonly #parts: MailSenderParts;
  readonly #sending = new Set<Promise<void>>();
  #claiming: Promise<void> | undefined;
  #wanted = false;
  /** By the last claim; without it each mail that was sent would look for others, half of what a sign-in asks of PostgreSQL. */
  #someAreLeft = false;
  #stopped = false;

  constructor(parts: MailSenderParts) {
    this.#parts = parts;
  }

  /** Sends mails that are due, in the background; to be called after a commit, and at intervals. */
  sendSoon(): void {
    if (this.#stopped) return;
    this.#wanted = true;
    this.#claiming ??= this.#claimAndSend().finally(() => {
      this.#claiming = undefined;
    });
  }

  /** Resolves when every mail that was due is sent or postponed. */
  async settled(): Promise<void> {
    while (this.#claiming !== undefined || this.#sending.size > 0) {
      await this.#claiming;
      await Promise.all(this.#sending);
    }
  }

  /** Starts no further mail; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.settled();
  }

  async #claimAndSend(): Promise<void> {
    const { db, budget, maxConcurrent, timeoutMs, now, log } = this.#parts;
    try {
      while (this.#wanted && !this.#stopped) {
        this.#wanted = false;
        const free = maxConcurrent - this.#sending.size;
        // The next mail that ends calls sendSoon again.
        if (free === 0) {
          this.#someAreLeft = true;
          return;
        }
        const claimed = await claimDueMails(db, {
          places: { free, all: maxConcurrent },
          budget,
          claimMs: timeoutMs + claimSlackMs,
          expired: { now: now(), limit: expiredAtOnce },
        });
        for (const mail of claimed.expired) this.#givenUp(mail, 'expired');
        this.#someAreLeft = claimed.someAreLeft;
        for (const mail of claimed.due) this.#start(mail);
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
          'the result of sending a mail could not be recorded',
        );
      })
      .finally(() => {
        this.#sending.delete(sending);
        if (this.#someAreLeft) this.sendSoon();
      });
    this.#sending.add(sending);
  }

  async #send(due: DueMail): Promise<void> {
    const { mailId, recipient, locale, content: sealed, notices, failures } = due;
    const { db, seal, mailer, log } = this.#parts;
    const giveUp = async (outcome: 'unreadable' | 'refused', kind: string | undefined, why: object) => {
      await endMail(db, mailId, { outcome, kind });
      this.#givenUp({ mailId, failures }, outcome, why);
    };

    let content: MailContent;
    try {
      content = await seal.open(mailId, sealed);
    } catch (error) {
      return giveUp('unreadable', undefined, { error });
    }
    if (content.kind === 'wrong_codes' && !due.hasAccount) return deleteMail(db, mailId);
    try {
      await mailer.send({ mailId, to: recipient, locale, content, ...(notices > 1 && { notices }) });
    } catch (error) {
      if (error instanceof MailRefused) return giveUp('refused', kindOf(content), failureOf(error.cause));
      await retryMailLater(db, { mailId, afterMs: Math.min(firstRetryMs * 2 ** failures, longestRetryMs) });
      mailAttemptsFailed.add(1, content.kind);
      const senderRefused = error instanceof SenderRefused;
      if (senderRefused) mailSenderRefused.add(1);
      const failure = failureOf(senderRefused ? error.cause : error);
      log.warn({ mail_id: mailId, failures: failures + 1, ...failure }, 'mail could not be sent');
      return;
    }
    mailsSent.add(1, content.kind);
    await endMail(db, mailId, { outcome: 'sent', kind: kindOf(content) });
  }

  #givenUp(
    { mailId, failures }: Pick<DueMail, 'mailId' | 'failures'>,
    reason: 'expired' | 'unreadable' | 'refused',
    why: object = {},
  ): void {
    mailsGivenUp.add(1, reason);
    this.#parts.log.warn({ mail_id: mailId, reason, failures, ...why }, 'mail given up');
  }
}

/**
 * What an operator needs to know of a failure. Without the text of the response: servers often repeat the address in
 * it.
 */
function failureOf(error: unknown): Record<string, unknown> {
  const { code, command, response, message } = error as {
    code?: string;
    command?: string;
    response?: string;
    message?: string;
  };
  const [status] = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response ?? '') ?? [];
  const connectionFailed = response === undefined && code !== 'EENVELOPE';
  return { code, command, status, ...(connectionFailed ? { problem: message } : {}) };
}
