import { z } from 'zod';
import { type MailableType, mailableTypes } from '../../protocol/notification-intents.ts';

export const accountCodePurposes = ['leave_address', 'take_address', 'recovery_codes'] as const;
export type AccountCodePurpose = (typeof accountCodePurposes)[number];

export const accountChanges = ['email_changed', 'recovery_codes_created', 'recovery_code_used'] as const;
export type AccountChange = (typeof accountChanges)[number];

/**
 * Notifications that many players may cause in a short time: those to one user about one game become one mail, which
 * says how many there were (outgoing-mails.ts).
 */
export const coalescedTypes = [
  'lobby.application.submitted',
  'lobby.invite.redeemed',
  'lobby.invite.declined',
  'lobby.membership.left',
] as const satisfies readonly MailableType[];
export type CoalescedType = (typeof coalescedTypes)[number];

/** The content of a mail, independent of the language. */
export const mailContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sign_in_code'), code: z.string() }),
  z.object({ kind: z.literal('account_code'), purpose: z.enum(accountCodePurposes), code: z.string() }),
  z.object({
    kind: z.literal('account_change'),
    change: z.enum(accountChanges),
    /** Of a new session, when there is one. */
    device_name: z.string().nullable(),
    network: z.string().nullable(),
    changed_at: z.iso.datetime(),
    time_zone: z.string(),
    /** After a recovery code was used. */
    recovery_codes_left: z.int().nullable(),
  }),
  z.object({
    kind: z.literal('new_session'),
    device_name: z.string().nullable(),
    network: z.string().nullable(),
    created_at: z.iso.datetime(),
    time_zone: z.string(),
  }),
  // To the owner of an account; without an account it is not sent.
  z.object({ kind: z.literal('wrong_codes') }),
  z.object({
    kind: z.literal('notification'),
    type: z.enum(mailableTypes),
    payload: z.record(z.string(), z.unknown()),
    /** Of the recipient, who may want no more mails of this type; mails of earlier versions have none. */
    user_id: z.guid().optional(),
  }),
]);
export type MailContent = z.infer<typeof mailContent>;

/** What a mail is about, for operators: the type of a notification, or the kind of any other. */
export function kindOf(content: MailContent): string {
  return content.kind === 'notification' ? content.type : content.kind;
}

/** How long a mail that says what has happened is worth sending. */
export const noticeLifetimeMs = 24 * 3_600_000;

export type Mail = {
  /** UUID; for a sign-in code the id of its challenge. */
  readonly mailId: string;
  readonly to: string;
  /** BCP 47 tag of the language that the person reads. */
  readonly locale: string;
  readonly content: MailContent;
  /** How many notices it stands for, of which `content` is the latest; one unless given. */
  readonly notices?: number;
};

/** Sends a mail. Resolves once it was accepted; a mail is sent again when that is not known. */
export type Mailer = {
  /** @throws MailRefused; SenderRefused; any other error may be transient. */
  send(mail: Mail): Promise<void>;
  close(): void;
};

/** The server would refuse this mail at every attempt. */
export class MailRefused extends Error {
  constructor(cause: unknown) {
    super('the mail was refused permanently', { cause });
    this.name = 'MailRefused';
  }
}

/**
 * The server refuses mails of this sender (`MAIL FROM`) permanently. That concerns every mail, so they wait until an
 * operator has fixed it.
 */
export class SenderRefused extends Error {
  constructor(cause: unknown) {
    super('the server refuses mails of this sender', { cause });
    this.name = 'SenderRefused';
  }
}
