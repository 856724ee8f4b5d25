import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../../http/caller.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { userLifecycleEvent } from '../outbox/messages.ts';
import { noSuchUser, userNotFound } from '../refusals.ts';
import { deleteChallengesOf, deleteChallengesOfUser } from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import { eraseDevices } from '../store/device-sessions.ts';
import { deleteEntitlements } from '../store/entitlements.ts';
import { deleteMailHistory } from '../store/mail-history.ts';
import { deleteMailOptOuts } from '../store/mail-opt-outs.ts';
import { deleteMailWindowsOf } from '../store/mail-windows.ts';
import { deleteMails, deleteMailsTo } from '../store/mails.ts';
import { deleteRecoveryCodes } from '../store/recovery-codes.ts';
import { auditEntries } from '../store/schema.ts';
import { eraseUser, lockUser } from '../store/users.ts';
import { deleteWrongCodesOf } from '../store/wrong-codes.ts';
import { endSessions } from './end-sessions.ts';
import { requireActing } from './get-account.ts';

type Deps = Pick<BackendContext, 'db' | 'outbox' | 'hashAddress' | 'now' | 'newId'>;

export type DeletedUser = User & { readonly deletedAt: Date };

/**
 * Deletes the account of the user who makes the request; a repeat changes nothing.
 * @throws Refusal unauthenticated when there never was such a user; account_blocked: a blocked user could otherwise
 *   sign up again with the same address.
 */
export function deleteOwnAccount(
  deps: Deps,
  { userId, traceparent }: { userId: string; traceparent: string | undefined },
): Promise<DeletedUser> {
  return deleteLocked(deps, { userId, reasonCode: 'requested_by_user', traceparent }, (user) => {
    if (user === undefined) throw noSuchUser();
    if (user.deletedAt === null) requireActing(user);
    return user;
  });
}

/** Deletes any user, blocked ones too; a repeat changes nothing. @throws Refusal not_found. */
export function deleteUser(
  deps: Deps,
  caller: Caller,
  { userId, reasonCode }: { userId: string; reasonCode: string },
): Promise<DeletedUser> {
  const traceparent = keptTraceparent(caller.traceparent);
  return deleteLocked(deps, { userId, reasonCode, traceparent, caller }, (user) => {
    if (user === undefined) throw userNotFound(userId);
    return user;
  });
}

/**
 * One transaction, under the lock that signing in waits for: sessions end, personal data is erased (address and handle
 * are free again), and gateways and lobby are notified. The ids remain, so that references to them stay valid.
 */
async function deleteLocked(
  deps: Deps,
  {
    userId,
    reasonCode,
    traceparent,
    caller,
  }: { userId: string; reasonCode: string; traceparent: string | undefined; caller?: Caller },
  admit: (user: User | undefined) => User,
): Promise<DeletedUser> {
  const deleted = await inTransaction(deps.db, async (tx) => {
    const user = admit(await lockUser(tx, userId));
    if (user.deletedAt !== null) return { ...user, deletedAt: user.deletedAt };
    const at = deps.now();
    const ended = await endSessions(deps, tx, { userId, reason: 'account_deleted', at, traceparent });
    const erased = await erase(tx, user, at);
    if (caller !== undefined) {
      await recordAct(tx, auditEntries, caller, {
        action: 'user.delete',
        subject: { kind: 'user', id: userId },
        before: { status: user.blockedAt === null ? 'active' : 'blocked' },
        after: { status: 'deleted', reason_code: reasonCode, sessions_ended: ended.length },
      });
    }
    await deps.outbox.write(tx, [
      userLifecycleEvent({
        eventId: deps.newId(),
        eventType: 'deleted',
        userId,
        reasonCode,
        addressHash: await deps.hashAddress(user.email),
        at,
        traceparent,
      }),
    ]);
    return erased;
  });
  deps.outbox.publishSoon([userId]);
  return deleted;
}

async function erase(tx: Database, { userId, email }: User, at: Date): Promise<DeletedUser> {
  await eraseDevices(tx, userId);
  await deleteEntitlements(tx, userId);
  await deleteMailsTo(tx, email);
  await deleteMailWindowsOf(tx, userId);
  await deleteMailHistory(tx, userId);
  await deleteChallengesOf(tx, email);
  await deleteMails(tx, await deleteChallengesOfUser(tx, userId));
  await deleteRecoveryCodes(tx, userId);
  await deleteMailOptOuts(tx, userId);
  await deleteWrongCodesOf(tx, email);
  const erased = await eraseUser(tx, userId, at);
  if (erased === undefined) throw new Error('a user was not found although their row is locked');
  return erased;
}
