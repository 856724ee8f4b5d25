// The replicas that serve the lobby's lists, where LOBBY_POSTGRES_REPLICA_DSNS names some.
import type { OpenPostgres } from '../../postgres/pool-options.ts';
import { Replicas } from '../../replicas/replicas.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { LobbyConfig } from '../config.ts';
import type { Db } from '../store/database.ts';
import { listGames } from '../store/game-lists.ts';

/** After that long the primary is asked instead, before the client's own time-out. */
const longestOperationMs = 1_000;

export type LobbyReplicas = {
  readonly replicas: Replicas<Db>;
  close(): void;
};

/** They need not be there yet. */
export function openReplicas(
  postgres: LobbyConfig['postgres'],
  open: OpenPostgres,
  log: Logger,
): LobbyReplicas {
  const operationTimeoutMs = Math.min(postgres.operationTimeoutMs, longestOperationMs);
  const opened = postgres.replicaDsns.map((dsn) => {
    const { host, pathname } = new URL(dsn);
    const name = `${host}${pathname}`;
    const { db, close } = open({ ...postgres, dsn, operationTimeoutMs, readOnly: true }, (error) =>
      log.warn({ error, replica: name }, 'postgresql connection lost'),
    );
    return { name, close, connection: db };
  });
  const replicas = new Replicas<Db>(opened, aList, log);
  return {
    replicas,
    close() {
      replicas.close();
      // Nothing is lost with a connection to a replica, so none that hangs is waited for.
      for (const { close } of opened) void close();
    },
  };
}

/** Fails on a server that holds something else, or has not yet got the latest migration. */
function aList(db: Db): Promise<unknown> {
  const list = {
    actor: { kind: 'admin', adminId: undefined },
    order: 'newest',
    filters: {},
    now: new Date(),
  } as const;
  return listGames(db, list, { size: 1, after: undefined });
}
