// The texts of mails, in one language. A language is a file of this folder; a new one is listed in compose.ts, too.
import type { MailableType } from '../../../protocol/notification-intents.ts';
import type { AccountChange, AccountCodePurpose, CoalescedType } from '../mail.ts';

type Notice = {
  readonly subject: string;
  readonly intro: string;
  /** For a recipient who did not do it. */
  readonly notYou: string;
};

export type MailTexts = {
  readonly signInCode: {
    readonly subject: string;
    readonly intro: string;
    readonly validFor: (minutes: number) => string;
    /** For a recipient who did not ask for a code. */
    readonly notYou: string;
  };
  /** For what a code allows, other than signing in. */
  readonly accountCode: Readonly<Record<AccountCodePurpose, Notice>>;
  /** To the owner of an account: what has happened to it. */
  readonly accountChange: Readonly<Record<AccountChange, Notice>>;
  readonly recoveryCodesLeft: string;
  /** To the owner of an account. */
  readonly newSession: {
    readonly subject: string;
    readonly intro: string;
    readonly device: string;
    readonly network: string;
    readonly time: string;
    /** What to do if it was someone else. */
    readonly notYou: string;
  };
  /** To the owner of an account. */
  readonly wrongCodes: {
    readonly subject: string;
    readonly intro: string;
    /** What it means for them, and what to do. */
    readonly notYou: string;
  };
  readonly notification: {
    /** One sentence for each type, without a full stop: it is the subject, too. */
    readonly sentences: Readonly<Record<MailableType, string>>;
    /** The same for several notices, two or more, after one that was mailed by itself. */
    readonly numbers: Readonly<Record<CoalescedType, (count: number) => string>>;
    readonly game: string;
    /** A name in the quotation marks of the language. */
    readonly quoted: (name: string) => string;
    /** Of a link. */
    readonly unsubscribe: string;
    readonly raceName: string;
    /** Where to read more. */
    readonly outro: string;
  };
};
