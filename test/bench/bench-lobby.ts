// The lobby's operations in a benchmark process, for recording their statements.
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createLobby, type Lobby } from '../../lib/lobby/context.ts';
import { databaseOn } from '../../lib/postgres/database.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { testCatalogue } from '../support/engines/catalogue.ts';

/** A lobby whose User Service allows everything. */
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
    streams: { consumers: [], states: () => Promise.reject(new Error('streams are not used here')) },
    startTimeoutMs: 300_000,
    underfilledGraceMs: 1_209_600_000,
    minTurnIntervalMs: 900_000,
    catalogue: testCatalogue,
    now: () => new Date(),
    newId,
    log: createLogger({ service: 'floor', level: 'error' }),
  });
}
