// What turn workers ask again and again: which games are due, when the next one is, whose readiness has to be reported.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { claimGames, firstWaiting, lockUnreportedGames } from '../../../lib/game-master/store/games.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { gameIdOf } from '../lobby-database.ts';
import { percentile, type Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';

let pool: pg.Pool | undefined;
let turn = 0;

const calls = {
  connect(dsn: string): void {
    pool = new pg.Pool({ connectionString: dsn, max: 2 });
  },

  /** Looks so often, each time with `due` of the `games` due, a tenth of them after a failure. Only looking is measured. */
  async run(games: number, due: number, looks: number): Promise<Omit<Round, 'loadShare'>> {
    if (pool === undefined) throw new Error('connect first');
    const db = databaseOn(pool);
    const workerId = randomUUID();
    const failing = due / 10;
    const latencies: number[] = [];
    let cpuMicros = 0;
    for (let look = 0; look < looks; look++) {
      await makeDue(pool, games, due, failing);
      const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
      const healthy = await claimGames(db, 'healthy', { workerId, limit: due });
      const failed = await claimGames(db, 'failing', { workerId, limit: due });
      const next = await firstWaiting(db);
      const unreported = await db.transaction((tx) => lockUnreportedGames(tx, due));
      latencies.push(performance.now() - startedAt);
      const { user, system } = process.cpuUsage(cpu);
      cpuMicros += user + system;
      const found = [healthy.length, failed.length, unreported.length];
      if (String(found) !== String([due - failing, failing, due]) || next.healthy === undefined) {
        throw new Error(`a look found ${found.join(', ')} games`);
      }
      await letGo(pool);
    }
    return {
      n: looks,
      elapsedMs: latencies.reduce((sum, ms) => sum + ms, 0),
      cpuMicros,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
    };
  },
};
export type DueGamesCalls = typeof calls;
serveCalls(calls);

/** Others each time, from all over the table. */
async function makeDue(database: pg.Pool, games: number, due: number, failing: number): Promise<void> {
  const ids = Array.from({ length: due }, () => {
    turn += 1;
    return gameIdOf(1 + ((turn * 7919) % games));
  });
  const { rowCount } = await database.query(
    `update game_master.games set next_attempt_at = now() - interval '1 minute', readiness_changed = true,
       failures = case when game_id = any($2) then 1 else 0 end
     where game_id = any($1)`,
    [ids, ids.slice(0, failing)],
  );
  if (rowCount !== due) throw new Error(`${rowCount} games were made due, not ${due}`);
}

/** As they were: due tomorrow. */
async function letGo(database: pg.Pool): Promise<void> {
  await database.query(
    `update game_master.games set next_attempt_at = due_at, claimed_by = null, claim_token = null, failures = 0,
       readiness_changed = false
     where claimed_by is not null`,
  );
}
