// Faults of a store or a network that pass by themselves: the connection is down, the server starts or is full, a lock
// was not available in time. The caller may retry; the request itself is fine.

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ECONNABORTED',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  // Node, of a socket or stream that has closed.
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
]);

// PostgreSQL, Appendix A: classes 08 (connection), 40 (rolled back), 53 (resources); the server, or this session, serves
// no writes (after a failover the address may still lead to what is a standby now); the server ended an idle
// transaction; lock not available; query cancelled by its time-out; server shutting down or starting; its disk fails.
const sqlStates = /^(08...|25006|25P0[34]|40001|40P01|53...|55P03|57014|57P0[1-5]|58030)$/;

/**
 * Whether this SQLSTATE says that the server serves no writes: it is a standby or read-only, its disk is full or fails.
 * Another server may have taken its place, so a connection that has reported it must not be kept.
 */
export function servesNoWrites(sqlState: string | undefined): boolean {
  return sqlState === '25006' || sqlState === '53100' || sqlState === '58030';
}

/** Messages of node-postgres and Neon's driver about a connection that they lost or did not get in time, or that was
 * closed under a statement; these errors have no code. */
const lostConnection = new RegExp(
  `^(${[
    'Connection terminated',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'Query read timeout',
    'Received unexpected \\w+ message from backend',
    'There was an error establishing an SSL connection',
    'timeout exceeded when trying to connect',
    'timeout expired',
  ].join('|')})`,
);

/** Messages of ioredis and lib/redis/rest.ts while Redis is unavailable or slow; these errors have no code. */
const redisUnavailable =
  /^(Connection is closed\.|Command timed out|Command aborted due to connection close|Socket timeout\. |All sentinels are unreachable|Stream isn't writeable and enableOfflineQueue options is false|Redis does not reply over REST)/;

/**
 * Replies of a Redis that cannot serve for now: it was demoted, starts, is full, cannot write its disk, lacks replicas,
 * runs a script, moves keys. Before version 7 they come with more before the word from within scripts.
 */
const redisRefuses =
  /(?:^|^ERR .*: -)(?:READONLY|MASTERDOWN|UNBLOCKED|LOADING|OOM|MISCONF|NOREPLICAS|BUSY|CLUSTERDOWN|TRYAGAIN) |^ERR max number of clients reached/;

export function isTransientFault(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof AggregateError && current.errors.some(isTransientFault)) return true;
    const code = 'code' in current && typeof current.code === 'string' ? current.code : '';
    if (networkCodes.has(code) || sqlStates.test(code) || lostConnection.test(current.message)) return true;
    if (redisUnavailable.test(current.message) || redisRefuses.test(current.message)) return true;
    if (current.name === 'MaxRetriesPerRequestError') return true;
  }
  return false;
}
