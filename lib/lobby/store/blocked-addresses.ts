// Keyed hashes of the e-mail addresses of users who are blocked from a game, so that a block outlives their accounts. They
// are kept as long as the game is not over.
import { and, eq, notInArray, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Tx } from './database.ts';
import { blockedAddresses, games, memberships } from './schema.ts';

/** Remembers the address of a membership that is blocked. */
export async function insertBlockedAddress(
  tx: Tx,
  blocked: { gameId: string; membershipId: string; addressHash: string },
): Promise<void> {
  await tx.insert(blockedAddresses).values(blocked).onConflictDoNothing();
}

const findBlocked = statement(
  'find_blocked_address',
  (tx: Tx, given: Given<{ gameId: string; addressHash: string }>) =>
    tx
      .select({ membershipId: blockedAddresses.membershipId })
      .from(blockedAddresses)
      .innerJoin(memberships, eq(memberships.membershipId, blockedAddresses.membershipId))
      .where(
        and(
          eq(blockedAddresses.gameId, given.gameId),
          eq(blockedAddresses.addressHash, given.addressHash),
          eq(memberships.status, 'blocked').inlineParams(),
        ),
      ),
);

export async function isAddressBlocked(tx: Tx, gameId: string, addressHash: string): Promise<boolean> {
  const found = await findBlocked(tx, { gameId, addressHash });
  return found.length > 0;
}

/** Remembers a user's address for every game that is not over and that they are blocked from. */
export async function blockAddressOf(tx: Tx, userId: string, addressHash: string): Promise<void> {
  await tx
    .insert(blockedAddresses)
    .select(
      tx
        .select({
          gameId: memberships.gameId,
          addressHash: sql<string>`${addressHash}::text`.as('address_hash'),
          membershipId: memberships.membershipId,
        })
        .from(memberships)
        .innerJoin(games, eq(games.gameId, memberships.gameId))
        .where(
          and(
            eq(memberships.userId, userId),
            eq(memberships.status, 'blocked'),
            notInArray(games.status, ['finished', 'cancelled']),
          ),
        ),
    )
    .onConflictDoNothing();
}

export async function deleteBlockedAddresses(tx: Tx, gameId: string): Promise<void> {
  await tx.delete(blockedAddresses).where(eq(blockedAddresses.gameId, gameId));
}
