// The only way in which the status of a stored game changes: decided by the state table, written as a compare-and-set
// together with its timeline row and everything else that belongs to it, in the caller's transaction. What has to
// become known to others (jobs, notifications) is decided here, too, and goes into this very transaction.
import { Refusal } from '../../errors/table.ts';
import type { Lobby } from '../context.ts';
import type { TransitionActor, Trigger } from '../domain/game.ts';
import { type Effect, transition } from '../domain/state-machine.ts';
import { cancelPendingApplications } from '../store/applications.ts';
import type { Tx } from '../store/database.ts';
import { type StoredGame, saveStatus } from '../store/games.ts';
import { insertTimelineEntry } from '../store/timeline.ts';

export type Pull = {
  readonly trigger: Trigger;
  readonly by: TransitionActor;
  /** The user or admin behind `by`. */
  readonly actorId: string | null;
  readonly reason?: string;
  readonly at: Date;
};

/**
 * Pulls a trigger on a game that the transaction has locked.
 * @returns the game afterwards.
 * @throws Refusal `invalid_state` or `forbidden` when the state table does not know this transition.
 */
export async function applyTransition(
  tx: Tx,
  { newId }: Pick<Lobby, 'newId'>,
  game: StoredGame,
  { trigger, by, actorId, reason, at }: Pull,
): Promise<StoredGame> {
  const decided = transition(game, trigger, by);
  if (!decided.ok) throw new Refusal(decided.code, decided.message, decided.details);
  const moved = await saveStatus(tx, game, decided.to, at);
  await insertTimelineEntry(tx, {
    entryId: newId(),
    gameId: game.gameId,
    revision: moved.revision,
    at,
    trigger,
    actor: by,
    actorId,
    from: game.status,
    to: decided.to,
    reason: reason ?? null,
  });
  for (const effect of decided.effects) await carryOut(tx, effect, moved, at);
  return moved;
}

async function carryOut(tx: Tx, effect: Effect, game: StoredGame, at: Date): Promise<void> {
  switch (effect) {
    case 'close_pending':
    case 'cancel_pending':
      return cancelPendingApplications(tx, game.gameId, at);
    case 'start_job':
    case 'stop_job':
    case 'release_names':
    case 'evaluate_capabilities':
    case 'announce_forced_pause':
      // Half a transition is worse than none: this rolls it back.
      throw new Error(`Nothing carries out ${effect} for game ${game.gameId}.`);
  }
}
