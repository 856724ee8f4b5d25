// Ticks of the enrollment automation, with a given number of games due.
import pg from 'pg';
import {
  closeDueEnrollments,
  failOverdueStarts,
} from '../../../lib/lobby/automation/enrollment-automation.ts';
import { notifyOwnersOfUnderfilledGames } from '../../../lib/lobby/automation/underfilled-games.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { benchLobby } from '../bench-lobby.ts';
import { gameIdOf } from '../lobby-database.ts';
import { percentile, type Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';

let pool: pg.Pool | undefined;
let lobby: Lobby | undefined;
let turn = 0;
const log = createLogger({ service: 'ticks', level: 'error' });

const calls = {
  connect(dsn: string): void {
    pool = new pg.Pool({ connectionString: dsn, max: 5 });
    lobby = benchLobby(pool);
  },

  /** Runs ticks, each with `due` of the `games` due. Only the ticks are measured. */
  async run(games: number, due: number, ticks: number): Promise<Omit<Round, 'loadShare'>> {
    const database = connected(pool);
    const latencies: number[] = [];
    let cpuMicros = 0;
    for (let tick = 0; tick < ticks; tick++) {
      await makeDue(database, games, due);
      const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
      await runTick(connected(lobby));
      latencies.push(performance.now() - startedAt);
      const { user, system } = process.cpuUsage(cpu);
      cpuMicros += user + system;
      await lobby?.outbox.settled();
      const closed = await openAgain(database);
      if (closed !== due) throw new Error(`a tick closed ${closed} games of ${due}`);
    }
    return {
      n: ticks,
      elapsedMs: latencies.reduce((sum, ms) => sum + ms, 0),
      cpuMicros,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
    };
  },
};
export type EnrollmentTicksCalls = typeof calls;
serveCalls(calls);

function connected<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('connect first');
  return value;
}

/** As workers/enrollment-automation.ts does. */
async function runTick(automated: Lobby): Promise<void> {
  const { signal } = new AbortController();
  await closeDueEnrollments(automated, log, signal);
  await notifyOwnersOfUnderfilledGames(automated, log, signal);
  await failOverdueStarts(automated, log, signal);
}

/** Others each time, from all over the table. */
async function makeDue(database: pg.Pool, games: number, due: number): Promise<void> {
  const ids = Array.from({ length: due }, () => {
    turn += 1;
    return gameIdOf(1 + ((turn * 7919) % games));
  });
  const { rowCount } = await database.query(
    `update lobby.games set enrollment_ends_at = now() - interval '1 minute', active_members = min_players
     where game_id = any($1)`,
    [ids],
  );
  if (rowCount !== due) throw new Error(`${rowCount} games were made due, not ${due}`);
}

/** @returns how many games were closed. */
async function openAgain(database: pg.Pool): Promise<number | null> {
  const { rowCount } = await database.query(
    `update lobby.games set status = 'enrollment_open', active_members = 0,
       enrollment_ends_at = now() + interval '1 year'
     where status = 'ready_to_start' and shelf = 'public/ready_to_start'`,
  );
  return rowCount;
}
