import { redisClusterChecks } from '../../config/redis-cluster-variables.ts';
import { redisTcpChecks } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type NotificationWorkerConfig, notificationWorkerVariables } from '../config.ts';
import { writeMails } from '../mail/outgoing-mails.ts';
import { createMailSeal } from '../mail/seal.ts';
import type { NotificationWorker } from '../notifications/notification-worker.ts';
import { backendRequirements } from './requirements.ts';

/** Opens what the notification worker needs as a process of its own. @throws StartupError with every problem. */
export async function startNotificationWorker(environment: Environment): Promise<{
  config: NotificationWorkerConfig;
  worker: NotificationWorker;
  log: Logger;
  close(): Promise<void>;
}> {
  const service = 'backend-notifications';
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: notificationWorkerVariables,
    checks: [...redisTcpChecks('BACKEND'), ...redisClusterChecks('BACKEND_PUSH_REDIS')],
    requirements: backendRequirements(connectionLog),
  });
  const { postgres, redis, pushCluster } = resources;
  const log = createLogger({ service, level: config.logLevel });
  const seal = await createMailSeal(config.codeHmacKey);
  const mails = {
    write: (tx, written) => writeMails(tx, seal, written),
  } satisfies NotificationWorker['mails'];
  return {
    config,
    worker: { config, db: postgres.db, redis, push: pushCluster ?? redis, mails, log },
    log,
    async close() {
      redis.disconnect();
      pushCluster?.disconnect();
      await postgres.close();
    },
  };
}
