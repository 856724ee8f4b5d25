// Bounds what people who are not signed in make the console and the backend do: sign-ins that begin and end, and cookies
// that turn out to be of no session. The counts are in this process's memory, in a table of a fixed size: every replica
// counts for itself.
import type { BlockList } from 'node:net';
import { Refusal } from '../../errors/table.ts';
import { addressBlock, clientAddress } from '../../http/client-address.ts';
import type { Rate } from '../../rate-limit/rate.ts';
import { TokenBuckets } from '../../rate-limit/token-buckets.ts';
import type { StrangerLimit } from '../context.ts';

/** @param now milliseconds of a monotonic clock. */
export function createStrangerLimit(
  rate: Rate | 'off',
  trustedProxies: BlockList | undefined,
  now: () => number = () => performance.now(),
): StrangerLimit {
  if (rate === 'off') return () => () => {};
  const buckets = new TokenBuckets(rate, crypto.getRandomValues(new Uint8Array(8)));
  return ({ peerAddress, forwardedFor }) => {
    const hops = forwardedFor === undefined ? [] : [forwardedFor];
    const network = addressBlock(clientAddress(peerAddress, hops, trustedProxies));
    const waitMs = buckets.hold(network, now());
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      throw new Refusal(
        'rate_limited',
        `Too many requests without a session from this network; try again in ${seconds} s.`,
        { retry_after_seconds: seconds },
      );
    }
    return (ofOperator) => (ofOperator ? buckets.giveBack(network) : buckets.keep(network, now()));
  };
}
