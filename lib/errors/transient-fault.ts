// Faults of a store or a network that pass by themselves: the connection is down, the server is starting or full, a
// lock was waited for too long. Whoever asked may ask again; nothing is wrong with the request.

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

/** What node-postgres says of a connection that it lost or could not get in time; such errors carry no code. */
const lostConnection = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/;

/** What ioredis, and lib/redis/rest.ts, say while Redis is away or slow, without a code. */
const redisAway =
  /^(Connection is closed\.|Command timed out|Stream isn't writeable and enableOfflineQueue options is false|Redis does not answer over REST)/;

export function isTransientFault(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof AggregateError && current.errors.some(isTransientFault)) return true;
    const code = 'code' in current && typeof current.code === 'string' ? current.code : '';
    if (networkCodes.has(code) || sqlStates.test(code) || lostConnection.test(current.message)) return true;
    if (redisAway.test(current.message) || current.name === 'MaxRetriesPerRequestError') return true;
  }
  return false;
}
