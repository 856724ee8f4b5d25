import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lte,
  notInArray,
  type SQL,
  sql,
} from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../../postgres/statement.ts';
import { together } from '../../postgres/together.ts';
import type {
  EndedMembership,
  ListedMembershipStatus,
  Membership,
  MembershipStatus,
} from '../domain/game.ts';
import { leavingFreesName } from '../domain/leaving.ts';
import type { SeatHolder } from '../domain/runtime-reports.ts';
import { isAddressBlocked } from './blocked-addresses.ts';
import type { Db, Tx } from './database.ts';
import { behind, type Page, type PageRequest, takePage } from './pages.ts';
import { games, memberships, timeline, userGuards } from './schema.ts';

type InGame = { gameId: string; userId: string };

// Written out, as the indexes on what is active or blocked are of use only to a statement that shows this to the planner.
const isActive = eq(memberships.status, 'active').inlineParams();
const isBlocked = eq(memberships.status, 'blocked').inlineParams();

const insert = statement(
  'insert_membership',
  (tx: Tx, { membershipId, gameId, userId, raceName, status, joinedAt, endedAt }: Given<Membership>) =>
    tx.insert(memberships).values({ membershipId, gameId, userId, raceName, status, joinedAt, endedAt }),
);

/** The caller holds the game's lock, and writes the new number of members with it. */
export async function insertMembership(tx: Tx, membership: Membership): Promise<void> {
  await insert(tx, membership);
}

export async function findMembership(db: Db, membershipId: string): Promise<Membership | undefined> {
  const [membership] = await db.select().from(memberships).where(eq(memberships.membershipId, membershipId));
  return membership;
}

/** The membership by which a user plays in a game now. */
export async function findActiveMembership(
  db: Db,
  gameId: string,
  userId: string,
): Promise<Membership | undefined> {
  const [membership] = await db
    .select()
    .from(memberships)
    .where(
      and(eq(memberships.gameId, gameId), eq(memberships.userId, userId), eq(memberships.status, 'active')),
    );
  return membership;
}

/** Ends an active membership of a locked game; the caller writes the new number of members with it. */
export async function saveMembershipEnd(
  tx: Tx,
  membershipId: string,
  status: EndedMembership['status'],
  at: Date,
): Promise<EndedMembership> {
  const [ended] = await tx
    .update(memberships)
    .set({ status, endedAt: at })
    .where(and(eq(memberships.membershipId, membershipId), eq(memberships.status, 'active')))
    .returning();
  if (ended === undefined) throw new Error(`Membership ${membershipId} is not active.`);
  return { ...ended, status };
}

/** Turns an ended membership of a locked game into a block; its end stays when it was. */
export async function blockEndedMembership(tx: Tx, membershipId: string): Promise<Membership> {
  const [blocked] = await tx
    .update(memberships)
    .set({ status: 'blocked' })
    .where(and(eq(memberships.membershipId, membershipId), inArray(memberships.status, ['left', 'removed'])))
    .returning();
  if (blocked === undefined) throw new Error(`Membership ${membershipId} has not ended.`);
  return blocked;
}

/** Undoes all blocks of a user in a locked game: what ended stays so. */
export async function unblockMemberships(tx: Tx, { gameId, userId }: InGame): Promise<void> {
  await tx
    .update(memberships)
    .set({ status: 'removed' })
    .where(
      and(eq(memberships.gameId, gameId), eq(memberships.userId, userId), eq(memberships.status, 'blocked')),
    );
}

// In two parts, each with an index of its own, so that one plan is good for all values.
const findMemberStatuses = statement('find_member_statuses', (tx: Tx, { gameId, userId }: Given<InGame>) => {
  const having = (status: SQL) =>
    tx
      .select({ status: memberships.status })
      .from(memberships)
      .where(and(eq(memberships.gameId, gameId), eq(memberships.userId, userId), status));
  return unionAll(having(isActive), having(isBlocked));
});

/**
 * Whether a user plays in a game, or has been blocked from it; undefined when neither.
 * @param addressHash of the user: one who was blocked with an earlier account is blocked.
 */
export async function memberStatusInGame(
  tx: Tx,
  gameId: string,
  userId: string,
  addressHash?: string,
): Promise<Extract<MembershipStatus, 'active' | 'blocked'> | undefined> {
  const [rows, isBlockedByAddress] = await together(
    tx,
    () => findMemberStatuses(tx, { gameId, userId }),
    async () => addressHash !== undefined && (await isAddressBlocked(tx, gameId, addressHash)),
  );
  if (rows.some(({ status }) => status === 'active')) return 'active';
  return rows.length > 0 || isBlockedByAddress ? 'blocked' : undefined;
}

/**
 * The memberships whose race names are reserved, independent of the Race Name Directory: of those who play in a game
 * that is not over, and of those who left one too late to free the name. Users who are gone have none.
 */
export async function membershipsWithNames(db: Db): Promise<Membership[]> {
  const statusAtEnd = db
    .select({ status: timeline.to })
    .from(timeline)
    .where(and(eq(timeline.gameId, memberships.gameId), lte(timeline.at, memberships.endedAt)))
    .orderBy(desc(timeline.revision))
    .limit(1)
    .as('status_at_end');
  const rows = await db
    .select({ membership: getTableColumns(memberships), statusAtEnd: statusAtEnd.status })
    .from(memberships)
    .innerJoin(games, eq(games.gameId, memberships.gameId))
    .leftJoin(userGuards, eq(userGuards.userId, memberships.userId))
    .leftJoinLateral(statusAtEnd, sql`true`)
    .where(and(notInArray(games.status, ['finished', 'cancelled']), isNull(userGuards.goneAt)))
    .orderBy(asc(memberships.joinedAt), asc(memberships.membershipId));
  return rows
    .filter(
      ({ membership, statusAtEnd }) =>
        membership.status === 'active' ||
        (statusAtEnd !== null && !leavingFreesName({ status: statusAtEnd })),
    )
    .map(({ membership }) => membership);
}

const countActive = statement('count_active_memberships', (tx: Tx, { userId }: Given<{ userId: string }>) =>
  tx
    .select({ active: count() })
    .from(memberships)
    .innerJoin(games, eq(games.gameId, memberships.gameId))
    .where(
      and(eq(memberships.userId, userId), isActive, notInArray(games.status, ['finished', 'cancelled'])),
    ),
);

/** How many games that are neither finished nor cancelled a user plays in. */
export async function countActiveMemberships(tx: Tx, userId: string): Promise<number> {
  const [row] = await countActive(tx, { userId });
  return row?.active ?? 0;
}

/** Takes the seats of a start that has failed from all who are, or were, members of a locked game. */
export async function voidSeats(tx: Tx, gameId: string): Promise<void> {
  await tx
    .update(memberships)
    .set({ seat: null })
    .where(and(eq(memberships.gameId, gameId), isNotNull(memberships.seat)));
}

/**
 * Gives the active members of a locked game the seats from 1 on, in the order in which they joined. Seats of an earlier
 * start are void.
 */
export async function assignSeats(tx: Tx, gameId: string): Promise<void> {
  const ofGame = eq(memberships.gameId, gameId);
  await voidSeats(tx, gameId);
  const inOrder = tx
    .select({
      membershipId: memberships.membershipId,
      seat: sql<number>`row_number() over (order by ${memberships.joinedAt}, ${memberships.membershipId})`.as(
        'seat_in_order',
      ),
    })
    .from(memberships)
    .where(and(ofGame, isActive))
    .as('in_order');
  await tx
    .update(memberships)
    .set({ seat: sql`${inOrder.seat}` })
    .from(inOrder)
    .where(eq(memberships.membershipId, inOrder.membershipId));
}

/** Who holds or held the seats of a game, also after they have gone. */
export async function seatHoldersOf(db: Db, gameId: string): Promise<SeatHolder[]> {
  const { seat, userId, raceName } = memberships;
  const rows = await db
    .select({ seat, userId, raceName })
    .from(memberships)
    .where(and(eq(memberships.gameId, gameId), isNotNull(seat)))
    .orderBy(asc(seat));
  return rows.flatMap((row) => (row.seat === null ? [] : [{ ...row, seat: row.seat }]));
}

/** The players of a game, in the order in which they joined, which is that of their seats. */
export async function playersOf(
  db: Db,
  gameId: string,
): Promise<{ userId: string; raceName: string; seat: number | null }[]> {
  return db
    .select({ userId: memberships.userId, raceName: memberships.raceName, seat: memberships.seat })
    .from(memberships)
    .where(and(eq(memberships.gameId, gameId), eq(memberships.status, 'active')))
    .orderBy(asc(memberships.joinedAt), asc(memberships.membershipId));
}

/** The memberships of a game that are active, or blocked, in the order in which they joined. */
export async function listMembershipsOfGame(
  db: Db,
  gameId: string,
  status: ListedMembershipStatus,
  { size, after }: PageRequest,
): Promise<Page<Membership>> {
  const rows = await db
    .select()
    .from(memberships)
    .where(
      and(
        eq(memberships.gameId, gameId),
        eq(memberships.status, status),
        after && behind(memberships.joinedAt, memberships.membershipId, after),
      ),
    )
    .orderBy(asc(memberships.joinedAt), asc(memberships.membershipId))
    .limit(size + 1);
  return takePage(rows, size, (membership) => ({ at: membership.joinedAt, id: membership.membershipId }));
}
