import { listenerCallers } from '../../config/listener-variables.ts';
import { redisUnless } from '../../config/redis-variables.ts';
import { integer, listenAddress, positiveDuration } from '../../config/types.ts';
import { defaulted, type Values } from '../../config/variables.ts';
import { backendVariables } from '../config.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/** Shorter than the time for which repeats and the cursors of users' last events are stored (log/append-client-event.ts). */
const retention = positiveDuration.refine((ms) => ms >= minute && ms <= 7 * day, 'must be between 1m and 7d');

export const pushVariables = {
  grpc: {
    addr: defaulted('BACKEND_PUSH_GRPC_ADDR', ':9092', listenAddress, {
      help: 'Where the push listener (gRPC, for gateways) binds.',
    }),
    ...listenerCallers('BACKEND_PUSH_GRPC'),
  },
  redis: redisUnless(backendVariables.redis, 'BACKEND_PUSH_REDIS_CLUSTER_ADDRS'),
  pushRedis: backendVariables.pushRedis,
  retentionMs: defaulted('BACKEND_PUSH_RETENTION', '24h', retention, {
    help: 'How long the push log stores events, for clients that resume; between 1m and 7d.',
  }),
  limits: {
    queueFrames: defaulted('BACKEND_PUSH_QUEUE_FRAMES', '4096', integer(256, 1_000_000), {
      help: 'How many frames may wait for one gateway before it is dropped.',
    }),
    queueBytes: defaulted('BACKEND_PUSH_QUEUE_BYTES', '16777216', integer(8_388_608, 1_073_741_824), {
      help: 'How many bytes may wait for one gateway before it is dropped.',
    }),
    stallTimeoutMs: defaulted('BACKEND_PUSH_STALL_TIMEOUT', '30s', positiveDuration, {
      help: 'How long a gateway may read nothing while frames wait for it before it is dropped.',
    }),
  },
  logLevel: backendVariables.logLevel,
  shutdownTimeoutMs: backendVariables.shutdownTimeoutMs,
};

export type PushConfig = Values<typeof pushVariables>;
