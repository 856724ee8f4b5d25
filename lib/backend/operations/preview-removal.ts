import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { userNotFound } from '../refusals.ts';
import { countActiveSessions } from '../store/device-sessions.ts';
import { countMailsTo } from '../store/mails.ts';
import { countRecoveryCodes } from '../store/recovery-codes.ts';
import { findUser } from '../store/users.ts';

export type RemovalPreview = {
  readonly user: User;
  /** By a block, and by a deletion. */
  readonly sessionsEnded: number;
  // By a deletion alone.
  readonly waitingMailsDeleted: number;
  readonly recoveryCodesDeleted: number;
};

/** What the block or the deletion of a user would end in the backend now. @throws Refusal not_found. */
export async function previewRemoval(
  { db }: Pick<BackendContext, 'db'>,
  userId: string,
): Promise<RemovalPreview> {
  const user = await findUser(db, userId);
  if (user === undefined) throw userNotFound(userId);
  return {
    user,
    sessionsEnded: await countActiveSessions(db, userId),
    waitingMailsDeleted: user.deletedAt === null ? await countMailsTo(db, user.email) : 0,
    recoveryCodesDeleted: await countRecoveryCodes(db, userId),
  };
}
