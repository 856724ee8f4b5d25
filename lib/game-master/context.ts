import type { EngineCatalogue } from '../engine/catalogue.ts';
import { Outbox, type Publish } from '../outbox/outbox.ts';
import type { StreamAdmin } from '../streams/admin.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Engine } from './peers/engine.ts';
import type { LobbyClient } from './peers/lobby.ts';
import type { EngineHost } from './peers/runtime-manager.ts';
import type { Db, Tx } from './store/database.ts';
import { auditEntries, outbox as outboxTable } from './store/schema.ts';
import { gameMasterStreamTables } from './store/stream-tables.ts';

/** The dependencies of the Game Master's operations; built once per process. */
export type GameMaster = {
  readonly db: Db;
  readonly lobby: LobbyClient;
  /** What the engines say of themselves. */
  readonly catalogue: EngineCatalogue;
  /** Connects nothing before something is asked. */
  readonly openEngine: (endpoint: string) => Engine;
  /** What runs the engines. */
  readonly engineHost: EngineHost;
  /** What a transaction writes into it is published under the game's id after the commit. */
  readonly outbox: Outbox;
  readonly streams: StreamAdmin<Tx>;
  /** Bound on one call of a turn worker to an engine. */
  readonly engineTimeoutMs: number;
  /** A new UUIDv7. */
  readonly newId: () => string;
  readonly log: Logger;
};

/**
 * @param parts.db whose transactions give their connections back (lib/postgres/pooled-database.ts).
 * @param parts.publishers publish the messages of the outbox, by kind.
 * @param parts.streams which the Game Master consumes.
 */
export function createGameMaster(
  parts: Omit<GameMaster, 'outbox' | 'streams'> & {
    publishers: Readonly<Record<string, Publish>>;
    streams: Pick<StreamAdmin<Tx>, 'consumers' | 'states' | 'requeue'>;
  },
): GameMaster {
  const { publishers, streams, ...rest } = parts;
  const { db, log } = parts;
  return {
    ...rest,
    outbox: new Outbox({ db, table: outboxTable, publishers, log }),
    streams: { db, tables: gameMasterStreamTables, audit: auditEntries, outbox: outboxTable, ...streams },
  };
}
