import type { GameChange } from '../../protocol/game-changes.ts';
import type { GameMaster } from '../context.ts';
import type { Tx } from '../store/database.ts';
import { lockGame } from '../store/games.ts';
import { changeStatus } from '../turns/change-status.ts';
import { vacateSeat } from '../turns/vacate-seat.ts';

/**
 * Applies what the lobby has decided about a game. A game that is unknown, or that another runtime plays, changes
 * nothing: its registration, and every step of a turn worker, asks the lobby how it stands.
 */
export async function applyGameChange(
  tx: Tx,
  gameMaster: Pick<GameMaster, 'outbox'>,
  { game_id, runtime_job_id, kind, status, seat, revision, occurred_at_ms }: GameChange,
): Promise<void> {
  const locked = await lockGame(tx, game_id);
  if (locked === undefined || locked.game.runtimeJobId !== runtime_job_id.toLowerCase()) return;
  const at = new Date(occurred_at_ms);
  if (kind === 'status' && status !== undefined) {
    await changeStatus(tx, gameMaster, locked, { status, revision, at });
  }
  if (kind === 'seat_vacated' && seat !== undefined) await vacateSeat(tx, gameMaster, locked, seat, at);
}
