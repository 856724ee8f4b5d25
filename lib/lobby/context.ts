import { drizzle } from 'drizzle-orm/node-postgres';
import type { Pool } from 'pg';
import type { EligibilityClient } from './eligibility.ts';
import type { RaceNameDirectory } from './race-name-directory.ts';
import type { Db } from './store/database.ts';
import { postgresRaceNames } from './store/race-names.ts';

/** What the lobby's operations are made with; built once per process. */
export type Lobby = {
  readonly db: Db;
  readonly eligibility: EligibilityClient;
  readonly raceNames: RaceNameDirectory;
  readonly now: () => Date;
  /** A new UUIDv7. */
  readonly newId: () => string;
};

export function createLobby(parts: {
  pool: Pool;
  eligibility: EligibilityClient;
  now: () => Date;
  newId: () => string;
}): Lobby {
  const { pool, ...rest } = parts;
  return { db: drizzle({ client: pool }), raceNames: postgresRaceNames, ...rest };
}
