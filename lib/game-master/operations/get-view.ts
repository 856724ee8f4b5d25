import { type Audience, audienceText } from '../../engine/api.ts';
import { Refusal } from '../../errors/table.ts';
import type { Caller } from '../../http/caller.ts';
import { invalidFields } from '../../http/field-problems.ts';
import type { GameMaster } from '../context.ts';
import { EngineTrouble } from '../domain/engine-trouble.ts';
import type { Access } from '../peers/lobby.ts';
import { engineUnavailable, noSeat } from '../refusals.ts';
import { findFinalView } from '../store/final-views.ts';
import { findGame, type StoredGame } from '../store/games.ts';
import { accessOf, hasEnded, requireSetUp } from './access.ts';

/** Bound on the engine's response; a player waits for it. */
const viewTimeoutMs = 5_000;

/** Whose view: the caller's own seat's, or that of spectators. */
export type ViewedAs = 'seat' | 'spectator';

export type View = { readonly turn: number; readonly audience: string; readonly view: unknown };

/**
 * What an audience may see after a turn that was played.
 * @param asked.turn the last one that was played unless given.
 * @param asked.as their own seat's unless given, for those who have one.
 * @throws Refusal `not_found`, `forbidden`, `game_not_running`, `invalid_request`, `engine_unavailable`, `view_gone`
 */
export async function getView(
  gm: Pick<GameMaster, 'db' | 'lobby' | 'log' | 'openEngine'>,
  caller: Caller,
  gameId: string,
  asked: { readonly turn: number | undefined; readonly as: ViewedAs | undefined },
): Promise<View> {
  const access = await accessOf(gm, caller, gameId);
  const game = requireSetUp(access, await findGame(gm.db, gameId));
  const audience = audienceOf(access, game, asked.as);
  const { turn = game.playedTurn } = asked;
  if (turn > game.playedTurn) {
    const problem = `has not been played yet; the last one that was is ${game.playedTurn}`;
    throw invalidFields([{ field: 'turn', problem }]);
  }
  if (isOver(access, game)) return finalView(gm, game, audience, turn);
  try {
    const { traceparent } = caller;
    const engine = gm.openEngine(game.engineEndpoint);
    const view = await engine.view(audience, turn, { timeoutMs: viewTimeoutMs, traceparent });
    return { turn, audience: audienceText(audience), view };
  } catch (error) {
    if (!(error instanceof EngineTrouble)) throw error;
    // An engine is removed when its game has finished, which may be just now.
    const since = requireSetUp(access, await findGame(gm.db, gameId));
    if (since.phase === 'over') return finalView(gm, since, audience, turn);
    gm.log.warn({ error, request_id: caller.requestId, game_id: gameId }, 'a view could not be had');
    throw engineUnavailable();
  }
}

function audienceOf(access: Access, { manifest }: StoredGame, as: ViewedAs | undefined): Audience {
  if ((as ?? (access.seat === null ? 'spectator' : 'seat')) === 'seat') {
    if (access.seat === null) throw noSeat();
    return access.seat;
  }
  if (access.seat !== null) {
    throw new Refusal('forbidden', 'You hold a seat, so you see the game as that seat does.');
  }
  if (!access.spectators || manifest?.spectator_view !== true) {
    throw new Refusal('forbidden', 'This game is not shown to spectators.');
  }
  return 'spectator';
}

function isOver(access: Access, game: StoredGame): boolean {
  return game.phase === 'over' || hasEnded(access);
}

async function finalView(
  { db }: Pick<GameMaster, 'db'>,
  { gameId, playedTurn, result }: StoredGame,
  audience: Audience,
  turn: number,
): Promise<View> {
  const text = audienceText(audience);
  // Without a result those that are stored are of a turn that was not played to its end.
  const final = result !== null && turn === playedTurn ? await findFinalView(db, gameId, text) : undefined;
  if (final === undefined) {
    const message = 'The game is over: only views after its last turn are kept, if it was played to its end.';
    throw new Refusal('view_gone', message, { played_turn: playedTurn });
  }
  return { turn, audience: text, view: final.view };
}
