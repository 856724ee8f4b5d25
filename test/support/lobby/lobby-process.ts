// The lobby as a process of its own, as an operator would run it.
import { expect, vi } from 'vitest';
import { testCatalogueFile } from '../engines/catalogue.ts';
import type { RunningProcess } from '../run/run-process.ts';
import type { TestDatabase } from '../stores/database.ts';
import type { TestRedis } from '../stores/redis.ts';

/** The variables of a lobby whose listeners take free ports. Neither User Service nor Game Master is there. */
export function lobbyEnvironment(
  database: Pick<TestDatabase, 'dsn'>,
  redis: Pick<TestRedis, 'addr' | 'password' | 'db'>,
): Record<string, string> {
  return {
    LOBBY_PUBLIC_HTTP_ADDR: '127.0.0.1:0',
    LOBBY_INTERNAL_HTTP_ADDR: '127.0.0.1:0',
    LOBBY_REDIS_MASTER_ADDR: redis.addr,
    LOBBY_REDIS_PASSWORD: redis.password,
    LOBBY_REDIS_DB: String(redis.db),
    LOBBY_POSTGRES_PRIMARY_DSN: database.dsn,
    // Nobody listens there: neither is asked for at start.
    LOBBY_USER_SERVICE_BASE_URL: 'http://127.0.0.1:1',
    LOBBY_GM_BASE_URL: 'http://127.0.0.1:1',
    LOBBY_ENGINES_FILE: testCatalogueFile(),
  };
}

export type LogLine = {
  level: string;
  msg: string;
  listener?: string;
  port?: number;
  drained?: boolean;
  replica?: string;
  variable?: string;
};

/** Its log; traces and metrics that are printed in between are left out. */
export const logOf = (running: RunningProcess): LogLine[] =>
  running
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"level":') && line.endsWith('}'))
    .map((line) => JSON.parse(line));

/** Waits until the process listens; its ports. */
export async function listening(running: RunningProcess): Promise<{ public: number; internal: number }> {
  return vi.waitFor(
    () => {
      const lines = logOf(running).filter(({ msg }) => msg === 'listening');
      expect(lines.map(({ listener }) => listener).sort()).toEqual(['internal-http', 'public-http']);
      const portOf = (name: string) => lines.find(({ listener }) => listener === name)?.port ?? 0;
      return { public: portOf('public-http'), internal: portOf('internal-http') };
    },
    { timeout: 40_000 },
  );
}

/** Ends it as an orchestrator does. */
export async function stop(running: RunningProcess): Promise<void> {
  running.child.kill('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}
