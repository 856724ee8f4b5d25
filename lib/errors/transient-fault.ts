// Faults of a store or a network that pass by themselves: the connection is down, the server starts or is full, a lock
// was not available in time. The caller may retry; the request itself is fine.

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

// PostgreSQL, Appendix A: classes 08 (connection), 40 (rolled back), 53 (resources); lock not available; query
// cancelled by its time-out; server shutting down or starting.
const sqlStates = /^(08...|40001|40P01|53...|55P03|57014|57P0[1-5])$/;

/** Messages of node-postgres about a connection that it lost or did not get in time; these errors have no code. */
const lostConnection = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/;

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
