// The lobby's operations in a process of a benchmark, for recording what they ask of PostgreSQL.
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createLobby, type Lobby } from '../../lib/lobby/context.ts';
import { databaseOn } from '../../lib/postgres/database.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';

/** One whose User Service lets everybody do everything. */
export function benchLobby(client: pg.Pool, newId: () => string = uuidv7): Lobby {
  const everything = {
    canCreatePublicGame: true,
    canCreatePrivateGame: true,
    canJoinGame: true,
    maxOwnedGames: 1_000_000,
    maxActiveMemberships: 1_000_000,
    maxRegisteredRaceNames: 1_000_000,
  };
  const nothing = async () => undefined;
  return createLobby({
    database: databaseOn(client),
    eligibility: { lookup: async (userId) => ({ userId, ...everything }) },
    gameMaster: { probe: nothing, register: nothing },
    publishers: {},
    streams: { consumers: [], states: () => Promise.reject(new Error('nobody asks for the streams')) },
    startTimeoutMs: 300_000,
    now: () => new Date(),
    newId,
    log: createLogger({ service: 'floor', level: 'error' }),
  });
}
