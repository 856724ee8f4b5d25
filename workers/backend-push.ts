// The backend's push process: serves the push log to the gateways over gRPC, publishes heartbeats in it and trims it.
// It has no state of its own, so any number of replicas may run.

import { openPushListener } from '../lib/backend/process/push-listener.ts';
import { blockMs, heartbeatIntervalMs, startPush } from '../lib/backend/process/start-push.ts';
import { pushLog } from '../lib/backend/push/log/binary-log.ts';
import { LogClock } from '../lib/backend/push/log-clock.ts';
import { publishHeartbeats, trimPushLog } from '../lib/backend/push/maintenance.ts';
import { PushServer } from '../lib/backend/push/server.ts';
import { PushTail } from '../lib/backend/push/tail.ts';
import type { Environment } from '../lib/config/variables.ts';
import { aborted, runProcess, startUnlessStopped } from '../lib/node/process.ts';

export async function runBackendPush(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, logger, redis, reader } = await startUnlessStopped(stop, () => startPush(environment));
  const log = pushLog(redis);
  const tail = new PushTail({ log, reader, blockMs, logger });
  const clock = new LogClock();
  const { limits, grpc } = config;
  const server = new PushServer({ log, tail, clock, limits, callers: grpc.callers, logger });

  const over = new AbortController();
  const running = Promise.all([
    tail.run(over.signal),
    publishHeartbeats(log, clock, heartbeatIntervalMs, logger, over.signal),
    trimPushLog(log, config.retentionMs, logger, over.signal),
  ]);
  try {
    await Promise.race([tail.found, running, aborted(stop)]);
    const listeners = await openPushListener(server, config.grpc, logger, stop);

    await Promise.race([aborted(stop), running]);
    logger.info('draining');
    server.stop();
    await listeners.close(config.shutdownTimeoutMs);
  } finally {
    over.abort();
    await running;
    redis.disconnect();
  }
  logger.info('stopped');
}

if (import.meta.main) await runProcess('backend-push', runBackendPush);
