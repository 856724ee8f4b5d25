// The kinds of mails that a user does not want. Mails with codes and those about the account and its sessions are not
// among the kinds: they are always sent.
import { inTransaction } from '../../postgres/transaction.ts';
import type { MailableType } from '../../protocol/notification-intents.ts';
import type { BackendContext } from '../context.ts';
import type { OptOut } from '../opt-out-tokens.ts';
import { noSuchUser } from '../refusals.ts';
import { addMailOptOut, listMailOptOuts, replaceMailOptOuts } from '../store/mail-opt-outs.ts';
import { lockUser } from '../store/users.ts';
import { getAccount } from './get-account.ts';

/** @throws Refusal as for `getAccount`. */
export async function getMailOptOuts(deps: Pick<BackendContext, 'db'>, userId: string): Promise<string[]> {
  await getAccount(deps, userId);
  return listMailOptOuts(deps.db, userId);
}

/** @param kinds in place of all earlier ones. @throws Refusal as for `getAccount`. */
export async function setMailOptOuts(
  deps: Pick<BackendContext, 'db' | 'now'>,
  userId: string,
  kinds: readonly MailableType[],
): Promise<string[]> {
  await getAccount(deps, userId);
  return inTransaction(deps.db, async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === undefined || user.deletedAt !== null) throw noSuchUser();
    await replaceMailOptOuts(tx, { userId, kinds: [...new Set(kinds)], createdAt: deps.now() });
    return listMailOptOuts(tx, userId);
  });
}

/** By the link of a mail. A repeat changes nothing, nor does the link of an account that was deleted since. */
export async function optOutOfMails(
  { db, now }: Pick<BackendContext, 'db' | 'now'>,
  { userId, kind }: OptOut,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === undefined || user.deletedAt !== null) return;
    await addMailOptOut(tx, { userId, kind, createdAt: now() });
  });
}
