import { listenGrpc } from '../../node/grpc-listener.ts';
import { type Listeners, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { PushConfig } from '../push/config.ts';
import { type PushServer, pushServerOptions, pushStreamBounds } from '../push/server.ts';

/**
 * Opens the listener for gateways.
 * @param stopping aborts when the drain begins.
 * @throws StartupError when the address cannot be bound.
 */
export function openPushListener(
  server: PushServer,
  { addr, callers }: PushConfig['grpc'],
  log: Logger,
  stopping: AbortSignal,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'push-grpc',
        address: addr,
        variable: 'BACKEND_PUSH_GRPC_ADDR',
        open: () =>
          listenGrpc({
            address: addr,
            addServices: (grpc) => server.addTo(grpc),
            healthOf: ['galaxy.push.v1.Push'],
            options: pushServerOptions,
            connections: { max: 1_024, handshakeTimeoutMs: 10_000 },
            streams: pushStreamBounds,
            stopping,
            log,
          }),
        trust: {
          callers,
          callersVariable: 'BACKEND_PUSH_GRPC_CALLERS',
          otherwise: 'anyone who reaches it can read the events of every user',
        },
      },
    ],
    log,
  );
}
