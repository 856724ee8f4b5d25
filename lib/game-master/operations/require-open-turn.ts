import { awaitedSeats, isAnyMissing } from '../domain/seats.ts';
import { currentTurn, isClosed, isInGrace, ordersVerdict } from '../domain/taking-orders.ts';
import type { Access } from '../peers/lobby.ts';
import { gameNotRunning, turnClosed } from '../refusals.ts';
import type { Db } from '../store/database.ts';
import type { LockedGame, StoredGame } from '../store/games.ts';
import { ordersGiven } from '../store/orders.ts';
import { seatsOf } from '../store/seats.ts';
import { requireSetUp } from './access.ts';

/**
 * A game whose turn takes orders.
 * @throws Refusal `game_not_running`, `turn_closed`
 */
export async function requireOpenTurn(
  db: Db,
  access: Access,
  found: LockedGame | undefined,
  turn: number,
): Promise<StoredGame> {
  if (access.status !== 'running' || found === undefined) throw gameNotRunning(access.status);
  requireSetUp(access, found.game);
  return requireTaking(db, found, turn);
}

/** As `requireOpenTurn`, without the word of the lobby. @throws Refusal `game_not_running`, `turn_closed` */
export async function requireTaking(db: Db, { game, now }: LockedGame, turn: number): Promise<StoredGame> {
  const anyMissing = isInGrace(game, now) && (await waitsForSeats(db, game));
  switch (ordersVerdict(game, turn, anyMissing, now)) {
    case 'taken':
      return game;
    case 'not_running':
      throw gameNotRunning(game.result === null ? game.status : 'finished');
    case 'turn_closed':
      throw turnClosed({ turn: currentTurn(game), dueAt: game.dueAt }, turn, isClosed(game, anyMissing, now));
  }
}

async function waitsForSeats(db: Db, { gameId, awaiting }: StoredGame): Promise<boolean> {
  return isAnyMissing(awaitedSeats(awaiting, await seatsOf(db, gameId)), await ordersGiven(db, gameId));
}
