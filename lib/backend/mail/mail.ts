import { z } from 'zod';
import { notificationTypes } from '../../protocol/notification-intents.ts';

/** What a mail says, whatever its language. */
export const mailContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sign_in_code'), code: z.string() }),
  z.object({
    kind: z.literal('notification'),
    type: z.enum(notificationTypes),
    payload: z.record(z.string(), z.unknown()),
  }),
]);
export type MailContent = z.infer<typeof mailContent>;

export type Mail = {
  /** UUID; of a sign-in code the id of its challenge. */
  readonly mailId: string;
  readonly to: string;
  /** BCP 47 tag of the language that the person reads. */
  readonly locale: string;
  readonly content: MailContent;
};

/** Sends a mail. Resolves once it was accepted; a mail may be sent again when that is not known. */
export type Mailer = {
  /** @throws MailRefused; whatever else it throws may pass. */
  send(mail: Mail): Promise<void>;
  close(): void;
};

/** This mail would be refused however often it were sent. */
export class MailRefused extends Error {
  constructor(cause: unknown) {
    super('the mail was refused for good', { cause });
    this.name = 'MailRefused';
  }
}
