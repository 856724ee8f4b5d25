// Runs the Game Master's consumer, which is a process of its own, or a part of the all-in-one process.
import { runConsumer } from '../../streams/consumer.ts';
import { gameChangesConsumer } from '../consumers/game-changes.ts';
import { gameMasterStreamTables } from '../store/stream-tables.ts';
import { gameChangesStream } from './consumer-streams.ts';
import type { GameMasterProcess } from './start.ts';

/** Runs until `stop` aborts; never rejects. */
export function consumeGameChanges(
  { config, log, gameMaster, redis }: GameMasterProcess,
  stop: AbortSignal,
): Promise<void> {
  const consumer = gameChangesConsumer(gameMaster, gameChangesStream(config.streams));
  const parts = {
    db: gameMaster.db,
    tables: gameMasterStreamTables,
    redis,
    blockMs: config.readBlockTimeoutMs.gameChanges,
    operationTimeoutMs: config.redis.operationTimeoutMs,
    log,
  };
  return runConsumer(consumer, parts, stop);
}
