// Consumer of `runtime:job_results`: the results of the jobs that the lobby gave the Runtime Manager.
//
// A game that was started is handed over to the Game Master before anything is written: if the Game Master accepts it,
// the game runs; otherwise it is paused, until a worker or a person resumes it. When too few members are left the start
// has failed, and the Game Master is not asked. A result counts only for the start that its game waits for; any other
// container is stopped. Results of stop jobs are only logged.
import { randomUUID } from 'node:crypto';
import { Refusal } from '../../errors/table.ts';
import { type JobResult, jobResultEntry } from '../../protocol/runtime-jobs.ts';
import { CannotApply, type Consumer, type Delivery } from '../../streams/consumer.ts';
import type { ConsumerStream } from '../../streams/offset.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { runProblem } from '../domain/enrollment.ts';
import { departureTrigger } from '../domain/leaving.ts';
import { type Container, isCurrentStart, startSucceeded } from '../domain/runtime-reports.ts';
import { applyGmEvent } from '../operations/apply-gm-event.ts';
import { runtimeOf } from '../operations/runtime-of.ts';
import { applyTransition, type TransitionParts } from '../operations/transition.ts';
import { type Occasion, stopJob } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import { findAnyGame, lockAnyGame, type StoredGame, saveBinding } from '../store/games.ts';
import { takeWaitingEvents } from '../store/waiting-events.ts';

type Parts = TransitionParts & Pick<Lobby, 'db' | 'gameMaster' | 'now'>;

export function runtimeResultsConsumer(
  lobby: Parts,
  stream: ConsumerStream,
  log: Logger,
): Consumer<JobResult, Tx> {
  return {
    ...stream,
    entry: jobResultEntry,
    orderingKey: (result) => result.game_id,
    async handle(result, delivery) {
      if (result.kind === 'stop') logStop(result, log);
      else if (result.outcome === 'success') await startHasSucceeded(lobby, result, delivery);
      else await startHasFailed(lobby, result, delivery);
      lobby.outbox.publishSoon([result.game_id]);
    },
  };
}

async function startHasSucceeded(lobby: Parts, result: JobResult, delivery: Delivery<Tx>): Promise<void> {
  const container = containerOf(result);
  const seen = existing(result, await findAnyGame(lobby.db, result.game_id));
  // Checked before the Game Master is asked; decided under the game's lock.
  const wanted =
    startSucceeded(seen, result.job_id, container) === 'current' &&
    runProblem(seen, seen.activeMembers) === undefined;
  const registered = wanted && (await register(lobby, seen, container, delivery));

  await delivery.apply(eventIdOf(result), async (tx) => {
    const game = existing(result, await lockAnyGame(tx, result.game_id));
    const occasion = { at: lobby.now(), traceparent: delivery.traceparent };
    switch (startSucceeded(game, result.job_id, container)) {
      case 'moved':
        // Later than the last registration, whatever the clocks say: it is what shows that another one is due.
        await saveBinding(tx, game, { ...container, boundAt: after(game.registeredAt, occasion.at) });
        return;
      case 'repeat':
        return;
      case 'superseded': {
        const { job_id: startJobId, game_id: gameId } = result;
        const { containerId } = container;
        const job = { jobId: lobby.newId(), startJobId, gameId, containerId, reason: 'superseded' } as const;
        await lobby.outbox.write(tx, [stopJob(job, occasion)]);
        return;
      }
      case 'current':
        await concludeStart(tx, lobby, game, { registered, container }, occasion);
    }
  });
  await tellWhereEngineIs(lobby, result, container, delivery);
}

/**
 * What becomes of a game whose start has succeeded. Members who leave after the Game Master has taken the game over have
 * left a game that runs.
 */
async function concludeStart(
  tx: Tx,
  lobby: Parts,
  game: StoredGame,
  { registered, container }: { registered: boolean; container: Container },
  occasion: Occasion,
): Promise<void> {
  const start = { by: 'job_result', actorId: null, ...occasion } as const;
  const reason = registered ? undefined : runProblem(game, game.activeMembers);
  if (reason !== undefined) {
    const { containerId: unwantedContainerId } = container;
    await applyTransition(tx, lobby, game, {
      trigger: 'too_few_members',
      reason,
      unwantedContainerId,
      ...start,
    });
    return;
  }
  let moved = await applyTransition(tx, lobby, game, {
    trigger: registered ? 'runtime_ready' : 'runtime_unregistered',
    ...(registered
      ? { registeredAt: occasion.at }
      : { reason: 'the Game Master did not take the game over' }),
    container,
    ...start,
  });
  const trigger = departureTrigger(moved, moved.activeMembers);
  if (trigger !== undefined) {
    moved = await applyTransition(tx, lobby, moved, { trigger, by: 'departure', actorId: null, ...occasion });
  }
  for (const event of await takeWaitingEvents(tx, game.gameId)) {
    moved = await applyGmEvent(tx, lobby, moved, event, occasion);
  }
}

/**
 * A Game Master that has taken a game over is told when its engine was restarted elsewhere. While that fails the entry
 * is tried again.
 */
async function tellWhereEngineIs(
  lobby: Parts,
  result: JobResult,
  { containerId, engineEndpoint }: Container,
  { traceparent, transaction }: Delivery<Tx>,
): Promise<void> {
  const isDue = ({ registeredAt, boundAt, status, ...game }: StoredGame) =>
    game.runtimeJobId === result.job_id &&
    game.containerId === containerId &&
    game.engineEndpoint === engineEndpoint &&
    (status === 'running' || status === 'paused') &&
    // A game that was never taken over is handed over when it is resumed.
    registeredAt !== null &&
    boundAt !== null &&
    registeredAt < boundAt;
  const seen = existing(result, await findAnyGame(lobby.db, result.game_id));
  if (!isDue(seen)) return;
  const runtime = await runtimeOf(lobby.db, seen, { containerId, engineEndpoint });
  await lobby.gameMaster.register(runtime, { requestId: randomUUID(), traceparent });
  await transaction(async (tx) => {
    const game = existing(result, await lockAnyGame(tx, result.game_id));
    if (isDue(game)) await saveBinding(tx, game, { registeredAt: after(game.boundAt, lobby.now()) });
  });
}

/** `at`, or right after `earlier` when a clock has gone back. */
function after(earlier: Date | null, at: Date): Date {
  return earlier === null || at > earlier ? at : new Date(earlier.getTime() + 1);
}

async function startHasFailed(lobby: Parts, result: JobResult, delivery: Delivery<Tx>): Promise<void> {
  await delivery.apply(eventIdOf(result), async (tx) => {
    const game = existing(result, await lockAnyGame(tx, result.game_id));
    if (!isCurrentStart(game, result.job_id)) return;
    const { error_code: code = 'unknown', error_message: message } = result;
    await applyTransition(tx, lobby, game, {
      trigger: 'runtime_failed',
      by: 'job_result',
      actorId: null,
      reason: message === undefined ? code : `${code}: ${message}`,
      at: lobby.now(),
      traceparent: delivery.traceparent,
    });
  });
}

/** @returns whether the Game Master plays the game from now on. */
async function register(
  lobby: Parts,
  game: StoredGame,
  container: Container,
  { traceparent }: Delivery<Tx>,
): Promise<boolean> {
  const runtime = await runtimeOf(lobby.db, game, container);
  try {
    await lobby.gameMaster.register(runtime, { requestId: randomUUID(), traceparent });
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function containerOf({ container_id, engine_endpoint }: JobResult): Container {
  if (container_id === undefined || engine_endpoint === undefined) {
    throw new CannotApply('a successful start must name container_id and engine_endpoint');
  }
  return { containerId: container_id, engineEndpoint: engine_endpoint };
}

function existing({ game_id }: JobResult, game: StoredGame | undefined): StoredGame {
  if (game === undefined) throw new CannotApply(`there is no game ${game_id}`);
  return game;
}

/** A job has one result, however often it is reported; a start has another one when its engine was restarted. */
function eventIdOf({ kind, job_id, engine_endpoint, finished_at_ms }: JobResult): string {
  const id = `${kind}:${job_id}`;
  return engine_endpoint === undefined ? id : `${id}:${finished_at_ms}:${engine_endpoint}`;
}

function logStop({ job_id, game_id, outcome, error_code, error_message }: JobResult, log: Logger): void {
  if (outcome === 'success') return;
  log.warn({ job_id, game_id, error_code, error_message }, 'a container could not be stopped');
}
