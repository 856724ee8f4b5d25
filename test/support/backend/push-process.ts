// The real push process, run inside the test's process on a free port.
import { connect } from 'node:net';
import { freePort } from '../../../infra/local/child.ts';
import { runBackendPush } from '../../../workers/backend-push.ts';
import { untilUp } from '../run/until-up.ts';
import type { TestRedis } from '../stores/redis.ts';

export type TestPush = {
  readonly addr: string;
  /** Ends the process as SIGTERM would; resolves when it has drained. */
  stop(): Promise<void>;
};

export async function startTestPush(
  redis: TestRedis,
  variables: Record<string, string> = {},
): Promise<TestPush> {
  const addr = `127.0.0.1:${await freePort()}`;
  const terminate = new AbortController();
  const running = runBackendPush(
    {
      BACKEND_PUSH_GRPC_ADDR: addr,
      BACKEND_REDIS_ADDR: redis.addr,
      BACKEND_REDIS_PASSWORD: redis.password,
      BACKEND_REDIS_DB: String(redis.db),
      BACKEND_LOG_LEVEL: 'silent',
      BACKEND_SHUTDOWN_TIMEOUT: '2s',
      ...variables,
    },
    terminate.signal,
  );
  await untilUp(() => isListening(addr), running);
  return {
    addr,
    stop: () => {
      terminate.abort();
      return running;
    },
  };
}

async function isListening(addr: string): Promise<boolean> {
  const [host, port] = addr.split(':');
  const socket = connect(Number(port), host);
  const listening = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return listening;
}
