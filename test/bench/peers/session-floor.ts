// The floor of backend.session: the same read by primary key, straight on the driver.
import pg from 'pg';
import { serveCalls } from '../peer.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

const readSession = `
  select s.device_session_id, s.user_id, s.client_public_key, s.device_name, s.created_at, s.revoked_at,
    u.blocked_at, u.deleted_at
  from backend.device_sessions s join backend.users u on u.user_id = s.user_id
  where s.device_session_id = $1`;

let sessionIds: string[] = [];
let pool: pg.Pool | undefined;
let turn = 0;

const calls = {
  connect(dsn: string, connections: number, ids: string[]): void {
    pool = new pg.Pool({ connectionString: dsn, max: connections });
    sessionIds = ids;
  },

  run(inFlight: number, ms: number): Promise<LoopRound> {
    const database = pool;
    if (database === undefined) throw new Error('connect first');
    return closedLoop(inFlight, ms, async () => {
      turn += 1;
      const id = sessionIds[turn % sessionIds.length];
      const { rows } = await database.query<{ device_session_id: string }>(readSession, [id]);
      if (rows.length !== 1 || rows[0]?.device_session_id !== id)
        throw new Error(`session ${id} was not found`);
    });
  },
};
export type SessionFloorCalls = typeof calls;
serveCalls(calls);
