// Runs the lobby's consumers, each of which is a process of its own, or a part of the all-in-one process.
import { type Consumer, type ConsumerParts, runConsumer } from '../../streams/consumer.ts';
import { gmEventsConsumer } from '../consumers/gm-events.ts';
import { runtimeResultsConsumer } from '../consumers/runtime-results.ts';
import { userLifecycleConsumer } from '../consumers/user-lifecycle.ts';
import type { Tx } from '../store/database.ts';
import { lobbyStreamTables } from '../store/stream-tables.ts';
import { consumerStreams } from './consumer-streams.ts';
import type { LobbyProcess } from './start.ts';

/** Runs until `stop` aborts; never rejects. The same holds for the other consumers. */
export function consumeGmEvents(process: LobbyProcess, stop: AbortSignal): Promise<void> {
  const { lobby, config } = process;
  const { gm_events } = consumerStreams(config.streams);
  return run(process, gmEventsConsumer(lobby, gm_events), config.readBlockTimeoutMs.gmEvents, stop);
}

export function consumeRuntimeResults(process: LobbyProcess, stop: AbortSignal): Promise<void> {
  const { lobby, config, log } = process;
  const { runtime_results } = consumerStreams(config.streams);
  const consumer = runtimeResultsConsumer(lobby, runtime_results, log);
  return run(process, consumer, config.readBlockTimeoutMs.jobResults, stop);
}

export function consumeUserLifecycle(process: LobbyProcess, stop: AbortSignal): Promise<void> {
  const { lobby, config } = process;
  const { user_lifecycle } = consumerStreams(config.streams);
  return run(
    process,
    userLifecycleConsumer(lobby, user_lifecycle),
    config.readBlockTimeoutMs.userLifecycle,
    stop,
  );
}

function run<Entry>(
  { config, log, lobby, redis }: LobbyProcess,
  consumer: Consumer<Entry, Tx>,
  blockMs: number,
  stop: AbortSignal,
): Promise<void> {
  const parts: ConsumerParts<Tx> = {
    db: lobby.db,
    tables: lobbyStreamTables,
    redis,
    blockMs,
    operationTimeoutMs: config.redis.operationTimeoutMs,
    log,
  };
  return runConsumer(consumer, parts, stop);
}
