// Plays a closed turn: its engine gets what was frozen when the turn closed, and the outcome, the messages and the opening
// of the next turn are one transaction. Several callers may be at one turn: the engine gives all of them the same, and the
// outcome is written once. No connection to the database is held while an engine is called.
import { type Audience, audienceText, type TurnResponse } from '../../engine/api.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { GameMaster } from '../context.ts';
import { checkPlayedTurn } from '../domain/check-state.ts';
import { turnPlayed } from '../instruments.ts';
import { engineEvents, turnAdvanced } from '../outbox/messages.ts';
import type { Engine, EngineCall } from '../peers/engine.ts';
import { saveFinalView } from '../store/final-views.ts';
import { lockGame, type StoredGame } from '../store/games.ts';
import { deleteOrders } from '../store/orders.ts';
import { seatsOf } from '../store/seats.ts';
import { type ClosedTurn, findClosedTurn, markPlayed } from '../store/turns.ts';
import { freely, type Limit } from './limit.ts';
import { openNextTurn } from './open-turn.ts';
import { saveAndReport } from './report.ts';
import { settle } from './settle.ts';

export type PlayOptions = {
  /** Bound on one call to the engine. */
  readonly timeoutMs: number;
  readonly traceparent?: string | undefined;
  /** Of a worker: the outcome counts only while it holds the claim. */
  readonly claimToken?: string;
  /** Whether a worker goes on with the game if there is something to do; otherwise its claim ends with the turn. */
  readonly goOn?: () => boolean;
  /** Bounds how much is done in the database at once. */
  readonly database?: Limit;
};

/** `claimed`: the worker still has its claim, since there is more to do for the game. */
export type Played =
  | { readonly kind: 'played'; readonly claimed: StoredGame | undefined }
  | { readonly kind: 'moved_on' };

/**
 * For the request that has closed a turn. Never rejects: what fails here a worker does.
 * @returns `moved_on` when the turn is not closed (any more), `failed` when it is still to be played.
 */
export async function playClosedTurn(
  gm: GameMaster,
  gameId: string,
  options: PlayOptions,
): Promise<'played' | 'moved_on' | 'failed'> {
  try {
    return (await playTurn(gm, gameId, options)).kind;
  } catch (error) {
    gm.log.info({ error, game_id: gameId }, 'a turn is left to the turn workers');
    return 'failed';
  }
}

/** @throws EngineTrouble when the engine does not play it. */
export async function playTurn(gm: GameMaster, gameId: string, options: PlayOptions): Promise<Played> {
  const { database = freely } = options;
  const closed = await database.run(() => findClosedTurn(gm.db, gameId));
  if (closed === undefined) return { kind: 'moved_on' };
  const { seats, request } = closed;
  const engine = gm.openEngine(closed.game.engineEndpoint);
  const call: EngineCall = { timeoutMs: options.timeoutMs, traceparent: options.traceparent };
  const response = await engine.playTurn(request, call);
  checkPlayedTurn(response, { gameId, seats, playedTurn: request.turn - 1 }, request.turn);
  if (response.status === 'finished') {
    const audiences: Audience[] = [
      ...seats,
      ...(closed.game.manifest?.spectator_view ? ['spectator' as const] : []),
    ];
    const stored = await storeFinalViews(gm, closed, { engine, call, audiences, database });
    if (!stored) return { kind: 'moved_on' };
  }
  const played = await database.run(() => commitOutcome(gm, closed, response, options));
  if (played.kind === 'played') gm.outbox.publishSoon([gameId]);
  return played;
}

/** One by one, so that only one is in memory. @returns false when the turn is not to be played any more. */
export async function storeFinalViews(
  gm: Pick<GameMaster, 'db'>,
  { game, request }: Pick<ClosedTurn, 'game' | 'request'>,
  from: {
    readonly engine: Engine;
    readonly call: EngineCall;
    readonly audiences: readonly Audience[];
    readonly database: Limit;
  },
): Promise<boolean> {
  const { engine, call, audiences, database } = from;
  for (const audience of audiences) {
    const view = await engine.view(audience, request.turn, call);
    const stored = await database.run(() =>
      inTransaction(gm.db, async (tx) => {
        const locked = await lockGame(tx, game.gameId);
        if (!isAtTurn(locked?.game, game.runtimeJobId, request.turn)) return false;
        await saveFinalView(tx, game.gameId, audienceText(audience), view);
        return true;
      }),
    );
    if (!stored) return false;
  }
  return true;
}

async function commitOutcome(
  gm: GameMaster,
  { game: { gameId, runtimeJobId }, request: { turn } }: ClosedTurn,
  response: TurnResponse,
  { claimToken, goOn = () => false, traceparent }: PlayOptions,
): Promise<Played> {
  const outcome = await inTransaction(gm.db, async (tx) => {
    const locked = await lockGame(tx, gameId);
    if (locked === undefined || !isAtTurn(locked.game, runtimeJobId, turn)) return undefined;
    const { game, now } = locked;
    if (claimToken !== undefined && game.claimToken !== claimToken) return undefined;
    await markPlayed(tx, gameId, turn, now);
    await deleteOrders(tx, gameId);
    const opened = openNextTurn(game, response, now);
    const mayGoOn = claimToken !== undefined && goOn();
    const settling = { seats: await seatsOf(tx, gameId), given: [], mayGoOn };
    const settled = await settle(tx, gm, { game: opened, now }, settling);
    const occasion = { at: now, traceparent };
    const saved = await saveAndReport(
      tx,
      gm,
      { game: settled.game, now },
      {
        seats: settled.seats,
        given: [],
        urgent: turnAdvanced(settled.game, settled.seats, occasion),
        messages: engineEvents(settled.game, settled.seats, response.events, occasion),
        traceparent,
      },
    );
    return { reason: game.closeReason, claimed: settled.goesOn ? saved : undefined };
  });
  if (outcome === undefined) return { kind: 'moved_on' };
  if (outcome.reason !== null) turnPlayed(outcome.reason);
  return { kind: 'played', claimed: outcome.claimed };
}

function isAtTurn(game: StoredGame | undefined, runtimeJobId: string, turn: number): boolean {
  return game?.phase === 'closed' && game.playedTurn === turn - 1 && game.runtimeJobId === runtimeJobId;
}
