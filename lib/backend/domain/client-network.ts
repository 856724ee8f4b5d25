// The network of a client, by which limits count. An IPv4 address counts by itself: many people may share one, but a
// /24 would join strangers. Of an IPv6 address the /64 counts, since its holder has all addresses in it.
import { z } from 'zod';

const ipv4 = z.regexes.ipv4;
const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * @param address an IP address from a header; the result is undefined for any other text. IPv4 in IPv6 counts as
 * IPv4.
 */
export function clientNetwork(address: string): string | undefined {
  const inner = mappedIpv4.exec(address)?.[1] ?? address;
  if (ipv4.test(inner)) return inner;
  const groups = ipv6Groups(address);
  return groups && `${groups.slice(0, 4).join(':')}::/64`;
}

/** Eight groups without leading zeros; the parser of URLs knows every way to write an IPv6 address. */
function ipv6Groups(address: string): string[] | undefined {
  const host = URL.parse(`http://[${address}]/`)?.hostname;
  if (host === undefined || !/^[\da-f:.]+$/i.test(address)) return undefined;
  const [head = '', tail] = host.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  if (tail === undefined) return before;
  const after = tail === '' ? [] : tail.split(':');
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}
