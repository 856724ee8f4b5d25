import { inject } from 'vitest';
import { returnDatabase, takeDatabase } from './redis-databases.ts';

export type TestRedis = {
  host: string;
  port: number;
  /** `host:port`, as services are configured with it. */
  addr: string;
  password: string;
  /** The logical database that only this test file uses. */
  db: number;
  /** Empties the database and gives it back. */
  drop: () => Promise<void>;
};

/** An empty Redis database for one test file. Take it in beforeAll, drop it in afterAll. */
export async function createTestRedis(): Promise<TestRedis> {
  const server = inject('redis');
  const db = await takeDatabase(server);
  const host = '127.0.0.1';
  return {
    host,
    ...server,
    addr: `${host}:${server.port}`,
    db,
    drop: () => returnDatabase(server, db),
  };
}
