import type { BackendContext } from '../context.ts';
import { listMailsOfUser, type MailOfUser } from '../store/mail-history.ts';
import { getUser } from './get-user.ts';

export type MailPosition = { readonly at: Date; readonly id: string };

export type MailPage = {
  readonly mails: MailOfUser[];
  /** Where the page ends, unless it is the last one. */
  readonly next: MailPosition | undefined;
};

/** What became of mails to a user, newest first, and those that wait. @throws Refusal not_found. */
export async function listUserMails(
  { db }: Pick<BackendContext, 'db'>,
  userId: string,
  page: { size: number; before: MailPosition | undefined },
): Promise<MailPage> {
  const user = await getUser({ db }, userId);
  const found = await listMailsOfUser(db, user, { before: page.before, limit: page.size + 1 });
  const mails = found.slice(0, page.size);
  const last = mails.at(-1);
  const next =
    found.length > page.size && last !== undefined ? { at: last.writtenAt, id: last.mailId } : undefined;
  return { mails, next };
}
