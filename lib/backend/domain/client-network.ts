// The networks of a client. Limits count an IPv4 address by itself: many people may share one, but a /24 would join
// strangers. Of an IPv6 address they count the /64, since its holder has all addresses in it. What people are shown is
// coarser, so that no address is kept with a session.
import { z } from 'zod';

const ipv4 = z.regexes.ipv4;
const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * @param address an IP address from a header; the result is undefined for any other text. IPv4 in IPv6 counts as
 * IPv4.
 */
export function clientNetwork(address: string): string | undefined {
  const inner = ipv4Address(address);
  if (inner !== undefined) return inner;
  const groups = ipv6Groups(address);
  return groups && `${groups.slice(0, 4).join(':')}::/64`;
}

/** Roughly where a client is: `203.0.113.0/24`, `2001:db8:7::/48`. Otherwise as `clientNetwork`. */
export function coarseNetwork(address: string): string | undefined {
  const inner = ipv4Address(address);
  if (inner !== undefined) return inner.replace(/\d+$/, '0/24');
  const groups = ipv6Groups(address);
  return groups && `${groups.slice(0, 3).join(':')}::/48`;
}

function ipv4Address(address: string): string | undefined {
  const inner = mappedIpv4.exec(address)?.[1] ?? address;
  return ipv4.test(inner) ? inner : undefined;
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
