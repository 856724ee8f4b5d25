// Checks and reserves race names in the Race Name Directory, each for another user, as an approval does.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { postgresRaceNames } from '../../../lib/lobby/store/race-names.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { gameIdOf } from '../lobby-database.ts';
import { serveCalls } from '../peer.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

let pool: pg.Pool | undefined;
let turn = 0;

const calls = {
  connect(dsn: string, connections: number): void {
    pool = new pg.Pool({ connectionString: dsn, max: connections });
  },

  run(inFlight: number, ms: number): Promise<LoopRound> {
    if (pool === undefined) throw new Error('connect first');
    const db = databaseOn(pool);
    return closedLoop(inFlight, ms, async () => {
      turn += 1;
      const name = `Lyra ${turn}`;
      const keys = nameKeys(name);
      const [userId, raceNameId] = [randomUUID(), randomUUID()];
      if ((await postgresRaceNames.obstacle(db, userId, keys)) !== undefined)
        throw new Error(`${name} is not free`);
      const reservation = { raceNameId, userId, gameId: gameIdOf(1), name, keys, at: new Date() };
      const outcome = await db.transaction((tx) => postgresRaceNames.reserve(tx, reservation));
      if (outcome !== 'reserved') throw new Error(`${name} is ${outcome}`);
    });
  },
};
export type RaceNamesCalls = typeof calls;
serveCalls(calls);
