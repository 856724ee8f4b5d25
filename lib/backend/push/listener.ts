import { listenGrpc } from '../../node/grpc-listener.ts';
import { type Listeners, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { PushConfig } from './config.ts';
import { type PushServer, pushServerOptions } from './server.ts';

/** Opens the listener for gateways. @throws StartupError when the address cannot be bound. */
export function openPushListener(
  server: PushServer,
  { addr, token }: PushConfig['grpc'],
  log: Logger,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'push-grpc',
        address: addr,
        variable: 'BACKEND_PUSH_GRPC_ADDR',
        open: () => listenGrpc((grpc) => server.addTo(grpc), addr, pushServerOptions),
        trust: {
          token,
          tokenVariable: 'BACKEND_PUSH_GRPC_TOKEN',
          otherwise: 'whoever reaches it can read the events of every user',
        },
      },
    ],
    log,
  );
}
