// Requests device sessions from the backend, as a gateway does.
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { Pool } from 'undici';
import { serveCalls } from '../peer.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

let sessionIds: string[] = [];
let pool: Pool | undefined;
let turn = 0;

const calls = {
  /** Puts sessions, each of a user of its own, into a migrated database. */
  async insertSessions(dsn: string, count: number): Promise<string[]> {
    sessionIds = Array.from({ length: count }, () => randomUUID());
    const userIds = sessionIds.map(() => randomUUID());
    const client = new pg.Client({ connectionString: dsn });
    await client.connect();
    await client.query(
      `insert into backend.users (user_id, email, locale, time_zone, created_at)
       select id, id || '@example.com', 'en', 'UTC', now() from unnest($1::uuid[]) as id`,
      [userIds],
    );
    await client.query(
      `insert into backend.device_sessions (device_session_id, user_id, client_public_key, created_at)
       select * , now() from unnest($1::uuid[], $2::uuid[], $3::bytea[])`,
      [sessionIds, userIds, sessionIds.map(() => randomBytes(32))],
    );
    await client.query('analyze');
    await client.end();
    return sessionIds;
  },

  run(baseUrl: string, inFlight: number, ms: number): Promise<LoopRound> {
    pool ??= new Pool(baseUrl, { connections: inFlight });
    const backend = pool;
    return closedLoop(inFlight, ms, async () => {
      turn += 1;
      const id = sessionIds[turn % sessionIds.length];
      const path = `/api/v1/internal/sessions/${id}`;
      const response = await backend.request({
        method: 'GET',
        path,
        headers: { 'x-request-id': randomUUID() },
      });
      const body = (await response.body.json()) as { device_session_id?: unknown; status?: unknown };
      if (response.statusCode !== 200 || body.device_session_id !== id || body.status !== 'active') {
        throw new Error(`session ${id} got ${response.statusCode} ${JSON.stringify(body)}`);
      }
    });
  },
};
export type SessionLoadCalls = typeof calls;
serveCalls(calls);
