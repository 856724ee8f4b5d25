// The variables of a service's PostgreSQL, under the service's prefix.
import { duration, integer, positiveDuration, postgresDsn } from './types.ts';
import { defaulted, required } from './variables.ts';

export function postgresVariables(service: string) {
  const prefix = `${service}_POSTGRES`;
  return {
    dsn: required(`${prefix}_PRIMARY_DSN`, postgresDsn, {
      help: 'DSN of the PostgreSQL that keeps the state, such as postgres://user:password@127.0.0.1:5432/galaxy.',
      secret: true,
    }),
    operationTimeoutMs: defaulted(`${prefix}_OPERATION_TIMEOUT`, '5s', positiveDuration, {
      help: 'Bound on connecting and on every statement.',
    }),
    maxConnections: defaulted(`${prefix}_MAX_OPEN_CONNS`, '20', integer(2, 1_000), {
      help: 'Most connections that one process opens to one server.',
    }),
    maxIdleConnections: defaulted(`${prefix}_MAX_IDLE_CONNS`, '5', integer(0, 1_000), {
      help: 'How many of them are kept while nothing needs them; those above are closed after 5 s without work.',
    }),
    connectionMaxLifetimeMs: defaulted(`${prefix}_CONN_MAX_LIFETIME`, '30m', duration, {
      help: 'After how long a connection is replaced; 0s keeps it.',
    }),
  };
}
