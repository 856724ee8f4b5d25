import { BlockList, isIP, isIPv6 } from 'node:net';
import { z } from 'zod';

/** `10.0.0.0/8, 192.168.1.7, fd00::/8` → a list to check addresses against. */
export const addressList = z.string().transform((text, context): BlockList => {
  const list = new BlockList();
  for (const entry of text.split(',').map((part) => part.trim())) {
    const problem = addTo(list, entry);
    if (problem !== undefined) {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(entry)} ${problem}` });
      return z.NEVER;
    }
  }
  return list;
});

function addTo(list: BlockList, entry: string): string | undefined {
  const [, address = '', digits] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const version = isIP(address);
  if (version === 0) return 'is neither an IP address nor a network such as 10.0.0.0/8';
  if (/^::ffff:/i.test(address)) return 'is an IPv4 address in the form of IPv6; write it as IPv4';
  const bits = version === 6 ? 128 : 32;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return `is not a network: its prefix has at most ${bits} bits`;
  if (prefix === 0) return 'includes every address; list only the trusted ones';
  list.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
  return undefined;
}
