// The real HTTP side of the lobby as a process of its own, on the core that is measured.
import { join } from 'node:path';
import { freePort } from '../../infra/local/child.ts';
import type { Bench } from './entry.ts';
import { startPeer, startProcess } from './peer.ts';
import type { UserServiceCalls } from './peers/user-service.ts';

/** As many as the lobby has by default. */
export const databaseConnections = 20;

/** Configured as in operation; its User Service allows everything and responds at once. */
export async function startLobbyProcess(
  bench: Bench,
  dsn: string,
  running: AsyncDisposableStack,
): Promise<{ pid: number; url: string }> {
  const userService = await startPeer<UserServiceCalls>('user-service', bench.cores?.load, running);
  const baseUrl = await userService.call('listen');
  const [port, internalPort] = [await freePort(), await freePort()];
  const pid = await startProcess(
    {
      entry: 'infra/node/lobby-http.ts',
      core: bench.cores?.measured,
      logFile: join(bench.folder, `lobby-http-${port}.log`),
      listeners: [
        { host: '127.0.0.1', port },
        { host: '127.0.0.1', port: internalPort },
      ],
      env: {
        LOBBY_PUBLIC_HTTP_ADDR: `127.0.0.1:${port}`,
        LOBBY_INTERNAL_HTTP_ADDR: `127.0.0.1:${internalPort}`,
        LOBBY_POSTGRES_PRIMARY_DSN: dsn,
        LOBBY_POSTGRES_MAX_OPEN_CONNS: String(databaseConnections),
        LOBBY_REDIS_MASTER_ADDR: bench.redis.addr,
        LOBBY_REDIS_PASSWORD: bench.redis.password,
        LOBBY_USER_SERVICE_BASE_URL: baseUrl,
        LOBBY_GM_BASE_URL: baseUrl,
      },
      ...(bench.nodeArgs === undefined ? {} : { nodeArgs: bench.nodeArgs }),
    },
    running,
  );
  return { pid, url: `http://127.0.0.1:${port}` };
}
