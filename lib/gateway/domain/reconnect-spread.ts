// When a client may come back whose stream ended together with others. The gateway knows how many those are; a client
// does not, and its own first pause is short.

/** What gateways and the services behind them take at ease from the streams of one gateway. */
const reconnectsPerSecond = 500;
const longestMs = 60_000;

/** A random pause up to a bound. */
export function pauseMs(boundMs: number): number {
  return Math.round(Math.random() * Math.min(Math.max(0, boundMs), longestMs));
}

/**
 * A pause for the RetryInfo of one stream: random, up to a bound that grows with the number of streams.
 * @param streams how many streams end at the same time, with this one.
 * @param spreadMs over how long they are ended.
 */
export function reconnectAfterMs(streams: number, spreadMs = 0): number {
  return pauseMs((streams * 1_000) / reconnectsPerSecond - spreadMs);
}
