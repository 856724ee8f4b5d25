// What operators learn of the processes or containers that run engines, and what they have done to them.
import { recordAround } from '../../audit/audit.ts';
import { Refusal } from '../../errors/table.ts';
import type { Caller } from '../../http/caller.ts';
import type { EngineState } from '../../protocol/engine-requests.ts';
import type { GameMaster } from '../context.ts';
import { noSuchGame } from '../refusals.ts';
import { findGame, findGamesOfRuntimes, type StoredGame } from '../store/games.ts';
import { auditEntries } from '../store/schema.ts';

type Parts = Pick<GameMaster, 'db' | 'engineHost'>;

export type RunningEngine = {
  readonly engine: EngineState;
  /** undefined when the engine plays no game that is known here. */
  readonly game: Pick<StoredGame, 'engineHealth' | 'failures' | 'phase'> | undefined;
};

/** Every engine that runs or should. @throws Refusal `service_unavailable`. */
export async function listRunningEngines(
  { db, engineHost }: Parts,
  traceparent: string | undefined,
): Promise<RunningEngine[]> {
  const reply = await engineHost.ask({ kind: 'list' }, traceparent);
  if (reply.kind !== 'engines') throw hostFailed();
  const games = await findGamesOfRuntimes(
    db,
    reply.engines.map(({ start_job_id }) => start_job_id),
  );
  const ofRuntime = new Map(games.map((game) => [game.runtimeJobId, game]));
  return reply.engines.map((engine) => ({ engine, game: ofRuntime.get(engine.start_job_id) }));
}

/** The end of the log of a game's engine. @throws Refusal `not_found`, `service_unavailable`. */
export async function readEngineLog(
  parts: Parts,
  { gameId, maxBytes }: { readonly gameId: string; readonly maxBytes: number },
  traceparent: string | undefined,
): Promise<{ readonly game: StoredGame; readonly text: string; readonly cut: boolean }> {
  const game = await findGame(parts.db, gameId);
  if (game === undefined) throw noSuchGame();
  const question = { kind: 'log_tail' as const, start_job_id: game.runtimeJobId, max_bytes: maxBytes };
  const reply = await parts.engineHost.ask(question, traceparent);
  if (reply.kind === 'unknown')
    throw new Refusal('not_found', 'The Runtime Manager has no log of this engine.');
  if (reply.kind !== 'log') throw hostFailed();
  return { game, ...reply };
}

/**
 * Has the engine of a game ended and started again with its data; returns before that is done.
 * @throws Refusal `not_found`, `invalid_state` when no engine of the game should run, `service_unavailable`.
 */
export async function restartEngine(
  parts: Parts,
  caller: Caller,
  { gameId, reason }: { readonly gameId: string; readonly reason: string },
): Promise<StoredGame> {
  const game = await findGame(parts.db, gameId);
  if (game === undefined) throw noSuchGame();
  const { runtimeJobId } = game;
  const act = {
    action: 'engine.restart',
    subject: { kind: 'game', id: gameId },
    before: { runtime_job_id: runtimeJobId, engine_health: game.engineHealth },
    reason,
  };
  await recordAround({ db: parts.db, audit: auditEntries }, caller, act, async () => {
    const question = { kind: 'restart' as const, start_job_id: runtimeJobId };
    const reply = await parts.engineHost.ask(question, caller.traceparent);
    if (reply.kind === 'unknown') {
      throw new Refusal(
        'invalid_state',
        'The Runtime Manager runs no engine for this game, so none can be restarted.',
      );
    }
    if (reply.kind !== 'restarting') throw hostFailed();
  });
  return game;
}

function hostFailed(): Refusal {
  return new Refusal(
    'service_unavailable',
    'The Runtime Manager could not do this; its log says why. Try again.',
  );
}
