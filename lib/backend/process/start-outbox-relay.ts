import { redisClusterChecks } from '../../config/redis-cluster-variables.ts';
import { redisTcpChecks } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { outboxInstruments } from '../../outbox/instruments.ts';
import { Outbox } from '../../outbox/outbox.ts';
import { RedisEpoch } from '../../outbox/redis-epoch.ts';
import { lossCheckIntervalMs, type Relay } from '../../outbox/relay.ts';
import type { Postgres } from '../../postgres/pool-options.ts';
import type { Redis } from '../../redis/client.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type OutboxRelayConfig, outboxRelayVariables } from '../config.ts';
import type { NotificationMaintenance } from '../notifications/maintenance.ts';
import { backendPublishers } from '../outbox/publishers.ts';
import { outbox as outboxTable } from '../store/schema.ts';
import { backendRequirements } from './requirements.ts';

/** Opens what the outbox relay needs as a process of its own. @throws StartupError with every problem. */
export async function startOutboxRelay(environment: Environment): Promise<{
  config: OutboxRelayConfig;
  relay: Relay;
  notificationMaintenance: NotificationMaintenance;
  log: Logger;
  close(): Promise<void>;
}> {
  const service = 'backend-outbox-relay';
  const { config, resources } = await start({
    environment,
    variables: outboxRelayVariables,
    checks: [...redisTcpChecks('BACKEND'), ...redisClusterChecks('BACKEND_PUSH_REDIS')],
    requirements: backendRequirements(createLogger({ service, level: 'warn' })),
  });
  const log = createLogger({ service, level: config.logLevel });
  outboxInstruments.start();
  const { db } = resources.postgres;
  const { redis, pushCluster } = resources;
  const publishers = backendPublishers(
    { redis, push: pushCluster ?? redis },
    {
      userLifecycle: config.userLifecycleStream,
      notificationIntents: config.notifications.stream,
    },
  );
  const relay = createRelay(config, resources, new Outbox({ db, table: outboxTable, publishers, log }), log);
  return {
    config,
    relay,
    notificationMaintenance: notificationMaintenance(config, resources, relay),
    log,
    async close() {
      redis.disconnect();
      pushCluster?.disconnect();
      await resources.postgres.close();
    },
  };
}

type Resources = { postgres: Postgres; redis: Redis };

export function createRelay(
  config: OutboxRelayConfig,
  { postgres, redis }: Resources,
  outbox: Outbox,
  log: Logger,
): Relay {
  return {
    outbox,
    db: postgres.db,
    table: outboxTable,
    redisEpoch: new RedisEpoch(redis, 'backend:outbox:life'),
    intervalMs: config.outboxRelayIntervalMs,
    lossCheckIntervalMs,
    log,
  };
}

export function notificationMaintenance(
  { notifications }: OutboxRelayConfig,
  { redis }: Resources,
  { db, log }: Relay,
): NotificationMaintenance {
  return { stream: notifications.stream, db, redis, log };
}
