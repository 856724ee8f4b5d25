// The backend's real push process, which serves the push log in the run's Redis.
import { join } from 'node:path';
import { freePort } from '../../infra/local/child.ts';
import type { Bench } from './entry.ts';
import { startProcess } from './peer.ts';

export async function startPushProcess(
  bench: Bench,
  core: number | undefined,
  running: AsyncDisposableStack,
): Promise<{ pid: number; addr: string }> {
  const port = await freePort();
  const addr = `127.0.0.1:${port}`;
  const pid = await startProcess(
    {
      entry: 'workers/backend-push.ts',
      core,
      logFile: join(bench.folder, `backend-push-${port}.log`),
      listeners: [{ host: '127.0.0.1', port }],
      env: {
        BACKEND_PUSH_GRPC_ADDR: addr,
        BACKEND_REDIS_ADDR: bench.redis.addr,
        BACKEND_REDIS_PASSWORD: bench.redis.password,
      },
    },
    running,
  );
  return { pid, addr };
}
