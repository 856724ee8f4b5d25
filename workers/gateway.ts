// The Edge Gateway: public HTTP for sign-in and probes, gRPC for signed commands and event streams, the web listener for
// all of that from browsers, admin HTTP for metrics. One long-lived process, scaled by replicas; it has no business state and no copy of any session.
import { createGatewayAdminApp } from '../handlers/gateway/admin-router.ts';
import { createGatewayPublicApp } from '../handlers/gateway/public-router.ts';
import type { Environment } from '../lib/config/variables.ts';
import { createPublicAuth } from '../lib/gateway/commands/public-auth.ts';
import { openUpstreams } from '../lib/gateway/commands/upstream.ts';
import { drainGateway } from '../lib/gateway/process/drain.ts';
import { createEdgeGateways } from '../lib/gateway/process/edge-gateway.ts';
import { openGatewayListeners } from '../lib/gateway/process/listeners.ts';
import { createPushClient, createPushHub, followPush } from '../lib/gateway/process/push.ts';
import { startGateway } from '../lib/gateway/process/start.ts';
import { createLimits } from '../lib/gateway/rate-limit/limits.ts';
import { clientAddress } from '../lib/http/client-address.ts';
import { aborted, runProcess, startUnlessStopped } from '../lib/node/process.ts';

export async function runGateway(environment: Environment, stop: AbortSignal): Promise<void> {
  const gateway = await startUnlessStopped(stop, () => startGateway(environment));
  const { config, log, redis, signer, serverKeys, grpcCertificate, metricsText, app, boards } = gateway;
  const upstreams = openUpstreams(config, log);
  const push = createPushClient(config, log);
  const hub = createPushHub({ client: push, signer, log }, config.push);
  const { requests: limits, signIn } = createLimits(config.rateLimits, config.trustedProxies);
  const { edgeGateway, webGateway } = createEdgeGateways(config, {
    upstreams,
    limits,
    redis,
    signer,
    hub,
    log,
    stopping: stop,
  });
  const publicApp = createGatewayPublicApp(
    { log, ready: () => !stop.aborted, corsOrigins: config.publicHttp.corsOrigins },
    {
      auth: createPublicAuth(upstreams.signIn, log),
      limits: signIn,
      clientAddress: (peer, forwardedFor) => clientAddress(peer, forwardedFor, config.trustedProxies),
      serverKeys,
    },
  );
  const adminHttp = metricsText && createGatewayAdminApp(metricsText, log);
  const listeners = await openGatewayListeners(
    {
      publicHttp: publicApp,
      edgeGateway,
      webGateway,
      staticSite: { app, boards },
      grpcCertificate,
      adminHttp,
      stopping: stop,
    },
    config,
    log,
  );
  const over = new AbortController();
  const following = followPush(
    { client: push, hub, backend: upstreams.backend, log },
    config.push,
    over.signal,
  );

  await Promise.race([aborted(stop), following]);
  log.info('draining');
  await drainGateway({ hub, listeners }, config.shutdownTimeoutMs);
  over.abort();
  await following;
  await Promise.all(Object.values(upstreams).map((upstream) => upstream?.close()));
  redis.disconnect();
  log.info('stopped');
}

if (import.meta.main) await runProcess('gateway', runGateway);
