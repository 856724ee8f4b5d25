// The variables of a service's PostgreSQL, under the service's prefix.
import { z } from 'zod';
import { duration, integer, peerAddress, positiveDuration, postgresDsn } from './types.ts';
import { defaulted, optional, required } from './variables.ts';

const driver = z.enum(['pg', 'neon'], { error: 'write pg or neon' });
const pooler = z.enum(['none', 'transaction'], { error: 'write none or transaction' });

export function postgresVariables(service: string) {
  const prefix = `${service}_POSTGRES`;
  return {
    dsn: required(`${prefix}_PRIMARY_DSN`, postgresDsn, {
      help: 'DSN of the PostgreSQL that stores the state, such as postgres://user:password@127.0.0.1:5432/galaxy.',
      secret: true,
    }),
    driver: defaulted(`${prefix}_DRIVER`, 'pg', driver, {
      help: 'How to reach it: `pg` over TCP, `neon` through a WebSocket; see [drivers.md](drivers.md).',
    }),
    websocketProxy: optional(`${prefix}_WEBSOCKET_PROXY`, peerAddress, {
      help: 'For `neon`: host:port of a proxy, reached without TLS, that forwards a WebSocket to PostgreSQL. Unset: Neon’s own endpoint at the host of the DSN.',
    }),
    pooler: defaulted(`${prefix}_POOLER`, 'none', pooler, {
      help: '`transaction`: the DSN leads to a pooler, such as PgBouncer in transaction mode. Statements then have no names, and the time-outs are those of the role; see [drivers.md](drivers.md#poolers).',
    }),
    migrationDsn: optional(`${prefix}_MIGRATION_DSN`, postgresDsn, {
      help: 'DSN for migrations, which need a direct connection. Unset: the primary DSN, or, behind a pooler, no migrations at start; the process then only checks that the schema is new enough.',
      secret: true,
    }),
    operationTimeoutMs: defaulted(`${prefix}_OPERATION_TIMEOUT`, '5s', positiveDuration, {
      help: 'Bound on connecting and on every statement. Behind a pooler the role must have time-outs that are no longer.',
    }),
    maxConnections: defaulted(`${prefix}_MAX_OPEN_CONNS`, '20', integer(2, 1_000), {
      help: 'Most connections that one process opens to one server.',
    }),
    maxIdleConnections: defaulted(`${prefix}_MAX_IDLE_CONNS`, '5', integer(0, 1_000), {
      help: 'How many of them stay open while idle; those above are closed after 5 s without work.',
    }),
    connectionMaxLifetimeMs: defaulted(`${prefix}_CONN_MAX_LIFETIME`, '30m', duration, {
      help: 'After how long a connection is replaced; 0s for never.',
    }),
  };
}

/** The variables that opening it depends on, for `start`. */
export function postgresNeeds(service: string): [string, ...string[]] {
  const prefix = `${service}_POSTGRES`;
  return [
    `${prefix}_PRIMARY_DSN`,
    `${prefix}_DRIVER`,
    `${prefix}_WEBSOCKET_PROXY`,
    `${prefix}_POOLER`,
    `${prefix}_MIGRATION_DSN`,
    `${prefix}_OPERATION_TIMEOUT`,
    `${prefix}_MAX_OPEN_CONNS`,
    `${prefix}_MAX_IDLE_CONNS`,
    `${prefix}_CONN_MAX_LIFETIME`,
  ];
}
