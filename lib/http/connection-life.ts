// Connections to a service are kept between requests, and with a connection the replica that it leads to: behind an
// address that spreads connections, all requests would stay at the replicas that were there first. So a client closes a
// connection some time after it was opened, once no request is on it, and opens another one.

const lifeMs = 30_000;
const jitter = 0.2;

/** How long to keep connections, for `clientTtl` of undici; processes that started together drift apart. */
export function connectionLife(): number {
  return lifeMs * (1 + jitter * (2 * Math.random() - 1));
}
