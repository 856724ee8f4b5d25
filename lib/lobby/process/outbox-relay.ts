// The lobby's outbox relay: publishes what was left in the outbox, maintains the streams that the lobby consumes, and
// deletes old entries of the audit log.
// lib/outbox/relay.ts and lib/streams/maintenance.ts explain why any number of replicas is safe.

import { runAuditRetention } from '../../audit/retention.ts';
import { RedisEpoch } from '../../outbox/redis-epoch.ts';
import { lossCheckIntervalMs, runRelay } from '../../outbox/relay.ts';
import { runStreamMaintenance } from '../../streams/maintenance.ts';
import { auditEntries, outbox as table } from '../store/schema.ts';
import { lobbyStreamTables as tables } from '../store/stream-tables.ts';
import { consumerStreams } from './consumer-streams.ts';
import { oldestUnprocessed } from './instruments.ts';
import type { LobbyProcess } from './start.ts';

/** Runs until `stop` aborts; never rejects. */
export async function relayLobbyOutbox(
  { config, lobby, redis, log }: LobbyProcess,
  stop: AbortSignal,
): Promise<void> {
  const { db, outbox } = lobby;
  const redisEpoch = new RedisEpoch(redis, 'lobby:outbox:life');
  const intervalMs = config.outboxRelayIntervalMs;
  const consumers = Object.values(consumerStreams(config.streams));
  await Promise.all([
    runRelay({ outbox, db, table, redisEpoch, intervalMs, lossCheckIntervalMs, log }, stop),
    runStreamMaintenance({ redis, db, tables, consumers, oldestUnprocessed, log }, stop),
    runAuditRetention({ db, audit: auditEntries, log }, stop),
  ]);
}
