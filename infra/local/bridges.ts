// For development only: the two bridges of this folder as a process, in front of a PostgreSQL and a Redis on this
// machine, for handlers that run without TCP: node infra/local/bridges.ts

import { start } from '../../lib/config/startup.ts';
import { anyText, bearerToken, integer, peerAddress } from '../../lib/config/types.ts';
import { defaulted, required, type Values } from '../../lib/config/variables.ts';
import { aborted, runProcess } from '../../lib/node/process.ts';
import { type RedisRest, startRedisRest } from './redis-rest.ts';
import { startWebSocketProxy, type WebSocketProxy } from './websocket-proxy.ts';

const port = integer(0, 65_535);

export const bridgeVariables = {
  websocketPort: defaulted('GALAXY_BRIDGE_WEBSOCKET_PORT', '15433', port, {
    help: 'Port on 127.0.0.1 for …_POSTGRES_WEBSOCKET_PROXY; 0 takes a free one.',
  }),
  restPort: defaulted('GALAXY_BRIDGE_REST_PORT', '16380', port, {
    help: 'Port on 127.0.0.1 for …_REDIS_REST_URL; 0 takes a free one.',
  }),
  token: required('GALAXY_BRIDGE_REST_TOKEN', bearerToken, {
    help: 'The token to set as …_REDIS_REST_TOKEN.',
    secret: true,
  }),
  redis: {
    addr: defaulted('GALAXY_BRIDGE_REDIS_ADDR', '127.0.0.1:16379', peerAddress, {
      help: 'host:port of the Redis behind REST.',
    }),
    password: required('GALAXY_BRIDGE_REDIS_PASSWORD', anyText, {
      help: 'Its password; set it empty if it has none.',
      secret: true,
      mayBeEmpty: true,
    }),
    db: defaulted('GALAXY_BRIDGE_REDIS_DB', '0', integer(0, 1_000_000), { help: 'Its logical database.' }),
  },
};

type Config = Values<typeof bridgeVariables>;

if (import.meta.main) {
  await runProcess('bridges', async (environment, stop) => {
    const { resources } = await start({
      environment,
      variables: bridgeVariables,
      requirements: {
        websocket: {
          needs: ['GALAXY_BRIDGE_WEBSOCKET_PORT'],
          open: ({ websocketPort }: Config) => startWebSocketProxy(websocketPort),
          close: (proxy: WebSocketProxy) => proxy.close(),
        },
        rest: {
          needs: [
            'GALAXY_BRIDGE_REDIS_ADDR',
            'GALAXY_BRIDGE_REDIS_PASSWORD',
            'GALAXY_BRIDGE_REDIS_DB',
            'GALAXY_BRIDGE_REST_TOKEN',
            'GALAXY_BRIDGE_REST_PORT',
          ],
          open: ({ restPort, token, redis }: Config) => startRedisRest({ port: restPort, token, redis }),
          close: (rest: RedisRest) => rest.close(),
        },
      },
    });
    const { websocket, rest } = resources;
    console.log(`PostgreSQL through a WebSocket: ${websocket.addr}\nRedis over REST: ${rest.url}`);
    await aborted(stop);
    await Promise.all([websocket.close(), rest.close()]);
  });
}
