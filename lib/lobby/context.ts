import type { EngineCatalogue } from '../engine/catalogue.ts';
import { Outbox, type Publish } from '../outbox/outbox.ts';
import type { StreamAdmin } from '../streams/admin.ts';
import type { Logger } from '../telemetry/logger.ts';
import { streamEntry } from './outbox/messages.ts';
import type { EligibilityClient } from './peers/eligibility.ts';
import type { GameMaster } from './peers/game-master.ts';
import type { InProcessRaceNameDirectory, RaceNameDirectory } from './race-name-directory.ts';
import type { Db, Tx } from './store/database.ts';
import { postgresRaceNames } from './store/race-names.ts';
import { auditEntries, outbox as outboxTable } from './store/schema.ts';
import { lobbyStreamTables } from './store/stream-tables.ts';

/** The dependencies of the lobby's operations; built once per process. */
export type Lobby = {
  readonly db: Db;
  /** Runs a read that may return slightly old data, on a replica if there is one: for lists, never for decisions. */
  readonly readFromReplica: <T>(read: (db: Db) => Promise<T>) => Promise<T>;
  readonly eligibility: EligibilityClient;
  readonly gameMaster: GameMaster;
  readonly raceNames: RaceNameDirectory;
  /** What a transaction writes into it is published under the game's id after the commit. */
  readonly outbox: Outbox;
  readonly streams: StreamAdmin<Tx>;
  /** How long a start job is worth doing. */
  readonly startTimeoutMs: number;
  /** How long a game may lack players after its deadline, or wait to be opened or started, before it is cancelled. */
  readonly underfilledGraceMs: number;
  /** Shortest time that the clock of a game may leave between turns. */
  readonly minTurnIntervalMs: number;
  /** What games can be made for. */
  readonly catalogue: EngineCatalogue;
  readonly now: () => Date;
  /** A new UUIDv7. */
  readonly newId: () => string;
};

/**
 * @param parts.database whose transactions give their connections back (lib/postgres/pooled-database.ts).
 * @param parts.replicas none unless given.
 * @param parts.publishers publish the messages of the outbox, by kind.
 * @param parts.streams which the lobby consumes.
 * @param parts.inProcessRaceNames holds the race names instead of PostgreSQL.
 */
export function createLobby(parts: {
  database: Db;
  replicas?: { read<T>(work: (db: Db) => Promise<T>, primary: Db): Promise<T> };
  eligibility: EligibilityClient;
  gameMaster: GameMaster;
  publishers: Readonly<Record<string, Publish>>;
  streams: Pick<StreamAdmin<Tx>, 'consumers' | 'states'>;
  startTimeoutMs: number;
  underfilledGraceMs: number;
  minTurnIntervalMs: number;
  catalogue: EngineCatalogue;
  now: () => Date;
  newId: () => string;
  log: Logger;
  inProcessRaceNames?: InProcessRaceNameDirectory | undefined;
}): Lobby {
  const { database, replicas, publishers, streams, log, inProcessRaceNames, ...rest } = parts;
  const db = inProcessRaceNames?.follow(database) ?? database;
  const outbox = new Outbox({ db, table: outboxTable, publishers, log });
  return {
    db,
    readFromReplica: replicas === undefined ? (read) => read(db) : (read) => replicas.read(read, db),
    raceNames: inProcessRaceNames ?? postgresRaceNames,
    outbox,
    streams: {
      db,
      tables: lobbyStreamTables,
      audit: auditEntries,
      outbox: outboxTable,
      ...streams,
      requeue: (tx, { name }, letter) => outbox.write(tx, [streamEntry(name, letter)]),
    },
    ...rest,
  };
}
