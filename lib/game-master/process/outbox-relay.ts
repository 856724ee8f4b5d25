// The Game Master's outbox relay: publishes what was left in the outbox, maintains the stream that the Game Master
// consumes, and deletes old entries of the audit log. lib/outbox/relay.ts and lib/streams/maintenance.ts explain why any
// number of replicas is safe.
import { runAuditRetention } from '../../audit/retention.ts';
import { RedisEpoch } from '../../outbox/redis-epoch.ts';
import { lossCheckIntervalMs, runRelay } from '../../outbox/relay.ts';
import { runStreamMaintenance } from '../../streams/maintenance.ts';
import { oldestUnprocessed } from '../instruments.ts';
import { auditEntries, outbox as table } from '../store/schema.ts';
import { gameMasterStreamTables as tables } from '../store/stream-tables.ts';
import { gameChangesStream } from './consumer-streams.ts';
import type { GameMasterProcess } from './start.ts';

/** Runs until `stop` aborts; never rejects. */
export async function relayGameMasterOutbox(
  { config, gameMaster, redis, log }: GameMasterProcess,
  stop: AbortSignal,
): Promise<void> {
  const { db, outbox } = gameMaster;
  const redisEpoch = new RedisEpoch(redis, 'game_master:outbox:life');
  const intervalMs = config.outboxRelayIntervalMs;
  const consumers = [gameChangesStream(config.streams)];
  await Promise.all([
    runRelay({ outbox, db, table, redisEpoch, intervalMs, lossCheckIntervalMs, log }, stop),
    runStreamMaintenance({ redis, db, tables, consumers, oldestUnprocessed, log }, stop),
    runAuditRetention({ db, audit: auditEntries, log }, stop),
  ]);
}
