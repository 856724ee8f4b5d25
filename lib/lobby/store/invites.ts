import { and, asc, desc, eq, gt, inArray } from 'drizzle-orm';
import type { UserActor } from '../../http/env.ts';
import type { Invite, InviteStatus } from '../domain/invite.ts';
import type { EndedAttempt } from '../domain/repeats.ts';
import type { Db, Tx } from './database.ts';
import { gameColumns, type StoredGame, visibleTo } from './games.ts';
import { before, behind, type Page, type PageRequest, takePage } from './pages.ts';
import { games, invites } from './schema.ts';

export async function insertInvite(tx: Tx, invite: Invite): Promise<void> {
  await tx.insert(invites).values(invite);
}

export async function findInvite(db: Db, inviteId: string): Promise<Invite | undefined> {
  const [invite] = await db.select().from(invites).where(eq(invites.inviteId, inviteId));
  return invite;
}

export async function findInviteByCode(db: Db, code: string): Promise<Invite | undefined> {
  const [invite] = await db.select().from(invites).where(eq(invites.code, code));
  return invite;
}

/** The pending invite of a user to a game. */
export async function findPendingInviteOf(
  db: Db,
  gameId: string,
  userId: string,
): Promise<Invite | undefined> {
  const [invite] = await db
    .select()
    .from(invites)
    .where(and(eq(invites.gameId, gameId), eq(invites.userId, userId), eq(invites.status, 'pending')));
  return invite;
}

/** What became of a user's earlier invites to a game, where one side said no. */
export async function endedInvitesOf(
  tx: Tx,
  gameId: string,
  userId: string,
): Promise<EndedAttempt<'declined' | 'revoked'>[]> {
  const rows = await tx
    .select({ status: invites.status, endedAt: invites.decidedAt, attempts: invites.attempts })
    .from(invites)
    .where(
      and(
        eq(invites.gameId, gameId),
        eq(invites.userId, userId),
        inArray(invites.status, ['declined', 'revoked']),
      ),
    );
  return rows.flatMap(({ status, endedAt, attempts }) =>
    endedAt !== null && (status === 'declined' || status === 'revoked')
      ? [{ status, endedAt, attempts }]
      : [],
  );
}

/** When a user was invited to games of an owner, since a time; the latest `limit`. */
export async function recentInvitesBy(
  tx: Tx,
  { ownerUserId, userId, since, limit }: { ownerUserId: string; userId: string; since: Date; limit: number },
): Promise<Date[]> {
  const rows = await tx
    .select({ at: invites.createdAt })
    .from(invites)
    .innerJoin(games, eq(games.gameId, invites.gameId))
    .where(and(eq(invites.userId, userId), gt(invites.createdAt, since), eq(games.ownerUserId, ownerUserId)))
    .orderBy(desc(invites.createdAt))
    .limit(limit);
  return rows.map(({ at }) => at);
}

/** Writes a decision on, or a use of, a pending invite whose game is locked. */
export async function saveInvite(
  tx: Tx,
  inviteId: string,
  changes: Pick<Invite, 'status' | 'decidedAt'> & { uses?: number },
): Promise<Invite> {
  const [saved] = await tx
    .update(invites)
    .set(changes)
    .where(and(eq(invites.inviteId, inviteId), eq(invites.status, 'pending')))
    .returning();
  if (saved === undefined) throw new Error(`Invite ${inviteId} is not pending.`);
  return saved;
}

/** Ends all pending invites of a locked game, or those of one user. @returns the users whose invites these were. */
export async function endPendingInvites(
  tx: Tx,
  { gameId, userId }: { gameId: string; userId?: string },
  status: 'expired' | 'cancelled' | 'revoked',
  at: Date,
): Promise<string[]> {
  const ended = await tx
    .update(invites)
    .set({ status, decidedAt: at })
    .where(
      and(
        eq(invites.gameId, gameId),
        userId === undefined ? undefined : eq(invites.userId, userId),
        eq(invites.status, 'pending'),
      ),
    )
    .returning({ userId: invites.userId });
  return ended.flatMap((invite) => (invite.userId === null ? [] : [invite.userId]));
}

/** The invites of a game, or those of one user, in the order in which they were made. */
export async function listInvitesOfGame(
  db: Db,
  { gameId, userId }: { gameId: string; userId: string | undefined },
  { size, after }: PageRequest,
): Promise<Page<Invite>> {
  const rows = await db
    .select()
    .from(invites)
    .where(
      and(
        eq(invites.gameId, gameId),
        userId === undefined ? undefined : eq(invites.userId, userId),
        after && behind(invites.createdAt, invites.inviteId, after),
      ),
    )
    .orderBy(asc(invites.createdAt), asc(invites.inviteId))
    .limit(size + 1);
  return takePage(rows, size, (invite) => ({ at: invite.createdAt, id: invite.inviteId }));
}

/** `game` is null when its user can no longer see it. */
export type InviteWithGame = { readonly invite: Invite; readonly game: StoredGame | null };

/** The invites that are for a user, the newest first. */
export async function listInvitesOfUser(
  db: Db,
  user: UserActor,
  status: InviteStatus,
  { size, after }: PageRequest,
): Promise<Page<InviteWithGame>> {
  const rows = await db
    .select({ invite: invites, game: gameColumns })
    .from(invites)
    .leftJoin(games, and(eq(games.gameId, invites.gameId), visibleTo(db, user)))
    .where(
      and(
        eq(invites.userId, user.userId),
        eq(invites.status, status),
        after && before(invites.createdAt, invites.inviteId, after),
      ),
    )
    .orderBy(desc(invites.createdAt), desc(invites.inviteId))
    .limit(size + 1);
  return takePage(rows, size, ({ invite }) => ({ at: invite.createdAt, id: invite.inviteId }));
}
