// What operators do with the clock of a game that runs. They only move the time at which its open turn is due; a turn worker
// closes the turn by the same rules as any other.
import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../../http/caller.ts';
import { invalidFields } from '../../http/field-problems.ts';
import type { GameMaster } from '../context.ts';
import { delayProblem, dueToCloseAt } from '../domain/move-turn.ts';
import { gameNotRunning, noSuchGame } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { type LockedGame, lockGame, type StoredGame } from '../store/games.ts';
import { ordersGiven } from '../store/orders.ts';
import { auditEntries } from '../store/schema.ts';
import { seatsOf } from '../store/seats.ts';
import { saveAndReport } from '../turns/report.ts';
import { requireTaking } from './require-open-turn.ts';

export type MovedTurn = {
  readonly gameId: string;
  readonly turn: number;
  readonly dueAt: Date;
  readonly graceSeconds: number;
};

/** Why an operator does it. */
type Why = { readonly reason: string };

type OpenTurn = { readonly gameId: string; readonly turn: number };

/**
 * Has a turn closed and played now, with the orders that there are, as if its time and its grace had passed.
 * @throws Refusal `not_found`, `game_not_running`, `turn_closed` when it is being played, or the game is at another turn.
 */
export function playTurnNow(
  gm: Pick<GameMaster, 'outbox'>,
  caller: Caller,
  open: OpenTurn & Why,
): Work<MovedTurn> {
  return moveTurn(gm, caller, { ...open, action: 'turn.play' }, ({ game, now }) => dueToCloseAt(game, now));
}

/**
 * Has an open turn due later, by elapsed time: quiet days count.
 * @throws Refusal as `playTurnNow`, and `invalid_request` when it would be due too far from now.
 */
export function delayTurn(
  gm: Pick<GameMaster, 'outbox'>,
  caller: Caller,
  open: OpenTurn & Why & { readonly seconds: number },
): Work<MovedTurn> {
  return moveTurn(gm, caller, { ...open, action: 'turn.delay' }, ({ now }, dueAt) => {
    const later = new Date(dueAt.getTime() + open.seconds * 1_000);
    const problem = delayProblem(later, now);
    if (problem !== undefined) throw invalidFields([{ field: 'seconds', problem }]);
    return later;
  });
}

function moveTurn(
  gm: Pick<GameMaster, 'outbox'>,
  caller: Caller,
  { gameId, turn, reason, action }: OpenTurn & Why & { readonly action: 'turn.play' | 'turn.delay' },
  moved: (locked: LockedGame, dueAt: Date) => Date,
): Work<MovedTurn> {
  return async (tx) => {
    const locked = await lockGame(tx, gameId);
    if (locked === undefined) throw noSuchGame();
    const game = await requireTaking(tx, locked, turn);
    if (game.dueAt === null) throw gameNotRunning(game.status);
    const { now } = locked;
    const dueAt = moved(locked, game.dueAt);
    const saved: StoredGame = { ...game, dueAt, nextAttemptAt: earlier(game.nextAttemptAt, dueAt) };
    const reported = { seats: await seatsOf(tx, gameId), given: await ordersGiven(tx, gameId) };
    await saveAndReport(tx, gm, { game: saved, now }, reported);
    await recordAct(tx, auditEntries, caller, {
      action,
      subject: { kind: 'game', id: gameId },
      before: { turn, due_at: game.dueAt.toISOString() },
      after: { turn, due_at: dueAt.toISOString() },
      reason,
    });
    return { gameId, turn, dueAt, graceSeconds: game.graceSeconds };
  };
}

/** A worker that comes too early looks again when the turn is due. */
function earlier(nextAttemptAt: Date | null, dueAt: Date): Date {
  return nextAttemptAt !== null && nextAttemptAt < dueAt ? nextAttemptAt : dueAt;
}
