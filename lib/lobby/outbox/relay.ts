// What the lobby's outbox relay does: publishes what was left of the outbox, and looks after the streams that the lobby
// consumes. lib/outbox/relay.ts and lib/streams/upkeep.ts say what makes any number of replicas safe.
import { outbox as table } from '../../../drizzle/lobby/schema.ts';
import { RedisLife } from '../../outbox/redis-life.ts';
import { lossCheckIntervalMs, runRelay } from '../../outbox/relay.ts';
import { runStreamUpkeep } from '../../streams/upkeep.ts';
import { consumerPlaces } from '../consumers/places.ts';
import { oldestUnprocessed } from '../instruments.ts';
import type { LobbyProcess } from '../start.ts';
import { lobbyStreamTables as tables } from '../store/stream-tables.ts';

/** Runs until `stop` aborts; never rejects. */
export async function relayLobbyOutbox(
  { config, lobby, redis, log }: LobbyProcess,
  stop: AbortSignal,
): Promise<void> {
  const { db, outbox } = lobby;
  const redisLife = new RedisLife(redis, 'lobby:outbox:life');
  const intervalMs = config.outboxRelayIntervalMs;
  const consumers = Object.values(consumerPlaces(config.streams));
  await Promise.all([
    runRelay({ outbox, db, table, redisLife, intervalMs, lossCheckIntervalMs, log }, stop),
    runStreamUpkeep({ redis, db, tables, consumers, oldestUnprocessed, log }, stop),
  ]);
}
