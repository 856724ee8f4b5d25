// Start-up of the gateway: configuration, Redis, response signer, certificate. It does not check whether the backend
// can be reached; requests fail while it cannot.
import { redisOrClusterChecks } from '../../config/redis-cluster-variables.ts';
import { redisChecks, redisNeeds } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import type { TlsCertificate } from '../../node/tls-certificate.ts';
import type { Redis } from '../../redis/client.ts';
import { type Cluster, openRedisCluster } from '../../redis/cluster.ts';
import { openRedisWithoutEviction } from '../../redis/no-eviction.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type MetricsText, startPrometheusText } from '../../telemetry/metrics.ts';
import { loadResponseSigner, type ResponseSigner } from '../commands/response-signer.ts';
import { loadOtherKeys, publishedKeys, type ServerKey } from '../commands/server-keys.ts';
import { type GatewayConfig, gatewayVariables } from '../config.ts';
import { loadGrpcCertificate } from '../grpc/tls.ts';
import { gatewayInstruments } from '../instruments.ts';
import type { StaticFolder } from '../static-files/static-folder.ts';
import { readAppFolder, readBoardsFolder } from '../static-files/static-site.ts';

export type Gateway = {
  config: GatewayConfig;
  log: Logger;
  redis: Redis | Cluster;
  signer: ResponseSigner;
  /** The keys that clients verify signatures with: the signer's, next and retired ones. */
  serverKeys: readonly ServerKey[];
  /** Of the gRPC listener; undefined when it has no TLS. */
  grpcCertificate: TlsCertificate | undefined;
  /** What the web listener serves. */
  app: StaticFolder;
  boards: StaticFolder;
  /** For the admin listener, when it is configured. */
  metricsText: MetricsText | undefined;
};

/** @throws StartupError that lists every problem. */
export async function startGateway(environment: Environment): Promise<Gateway> {
  const connectionLog = createLogger({ service: 'gateway', level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: gatewayVariables,
    checks: [...redisChecks('GATEWAY'), ...redisOrClusterChecks('GATEWAY')],
    requirements: {
      redis: {
        needs: [...redisNeeds('GATEWAY'), 'GATEWAY_REDIS_CLUSTER_ADDRS'] as const,
        open: ({ redis }: GatewayConfig) => openReplayStore(redis, connectionLog),
        close: async (redis: Redis | Cluster) => redis.disconnect(),
      },
      signer: {
        needs: ['GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH'],
        open: ({ responseSignerPrivateKeyPath }: GatewayConfig) =>
          loadResponseSigner(responseSignerPrivateKeyPath),
      },
      otherKeys: {
        needs: ['GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH', 'GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH'],
        open: loadOtherKeys,
      },
      app: {
        needs: ['GATEWAY_APP_FOLDER'],
        open: ({ webHttp }: GatewayConfig) => readAppFolder(webHttp.appFolder),
      },
      boards: {
        needs: ['GATEWAY_BOARDS_FOLDER'],
        open: ({ webHttp }: GatewayConfig) => readBoardsFolder(webHttp.boardsFolder),
      },
      grpcCertificate: {
        needs: ['GATEWAY_GRPC_TLS_CERT_PATH', 'GATEWAY_GRPC_TLS_KEY_PATH'],
        open: ({ authenticatedGrpc }: GatewayConfig) => loadGrpcCertificate(authenticatedGrpc),
      },
    },
  });
  const metricsText = config.admin.addr === undefined ? undefined : await startPrometheusText();
  gatewayInstruments.start();
  const log = createLogger({ service: 'gateway', level: config.logLevel });
  const serverKeys = publishedKeys(resources.signer, resources.otherKeys);
  return { config, log, metricsText, serverKeys, ...resources };
}

/** A Redis that evicts keys would forget reservations and let replays through, so it is refused. */
function openReplayStore(options: GatewayConfig['redis'], log: Logger): Promise<Redis | Cluster> {
  const needs = 'anti-replay';
  const lost = (error: Error) => log.warn({ error }, 'redis connection lost');
  return options.clusterAddrs.length > 0
    ? openRedisCluster(options, { variable: 'GATEWAY_REDIS_CLUSTER_ADDRS', needs }, lost)
    : openRedisWithoutEviction(options, needs, lost);
}
