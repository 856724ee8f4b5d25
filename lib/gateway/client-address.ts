// Whose request it is. Behind a proxy the socket's address is the proxy's, and `X-Forwarded-For` names the client; but
// anybody can send that header, so it counts only as far as trusted proxies vouch for it.
//
// The header is a list to which every proxy appends the address that it was called from. Read from the right, each
// entry was written by the hop before it; the walk goes on while that hop is trusted, so it ends at the first address
// that no trusted proxy has. What a client wrote into the header itself stands to the left of that and is never read.
import { type BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { ServerUnaryCall } from '@grpc/grpc-js';

/** Stands for the address of a connection that ended before it was asked. */
export const unknownAddress = 'unknown';

/**
 * @param socketAddress of the connection, as `socket.remoteAddress` tells it.
 * @param forwardedFor all values of `X-Forwarded-For`, in order.
 * @param trusted proxies whose word counts.
 * @returns an IP address in its shortest form, IPv4 also where it came mapped into IPv6. When the header is malformed
 * where it matters, that of the socket.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: readonly string[],
  trusted: BlockList | undefined,
): string {
  const peer = ofSocket(socketAddress ?? '');
  if (trusted === undefined || forwardedFor.length === 0 || !isTrusted(trusted, peer)) return peer;
  const hops = forwardedFor.join(',').split(',');
  let client = peer;
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const hop = ofHeader((hops[index] ?? '').trim());
    if (hop === undefined) return peer;
    client = hop;
    if (!isTrusted(trusted, hop)) break;
  }
  return client;
}

/** The client's address of a gRPC call, by its connection and its metadata. */
export function callerAddress(
  call: Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'metadata'>,
  trusted: BlockList | undefined,
): string {
  const peer = call.getPeer();
  // grpc-js writes IPv6 without brackets: `2001:db8::1:50123`.
  const socketAddress = peer.slice(0, Math.max(0, peer.lastIndexOf(':')));
  if (trusted === undefined) return ofSocket(socketAddress);
  return clientAddress(socketAddress, call.metadata.get('x-forwarded-for').map(String), trusted);
}

/**
 * What limits count an address as: IPv4 by itself, IPv6 by its /64, since whoever has one has the whole network.
 * @param address as `clientAddress` returns it.
 */
export function addressBlock(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

/** The bound of lib/node/connections-per-address.ts by client; a trusted proxy speaks for many, so it has none. */
export function connectionsPerAddress(max: number, trusted: BlockList | undefined) {
  return {
    max,
    keyOf: (remoteAddress: string | undefined) => {
      const address = ofSocket(remoteAddress ?? '');
      return trusted !== undefined && isTrusted(trusted, address) ? undefined : addressBlock(address);
    },
  };
}

function isTrusted(trusted: BlockList, address: string): boolean {
  if (address === unknownAddress) return false;
  return trusted.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Node writes addresses of sockets in their shortest form already. */
function ofSocket(text: string): string {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return unknownAddress;
  return unmapped(text.replace(/%.*/, ''));
}

/** With or without a port; undefined when it is no address. */
function ofHeader(text: string): string | undefined {
  const [, inBrackets, withPort] = /^\[([^\]]*)\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(text) ?? [];
  const address = inBrackets ?? withPort ?? text;
  if (isIPv4(address)) return inBrackets === undefined ? address : undefined;
  if (!isIPv6(address)) return undefined;
  // SocketAddress writes the shortest form and drops a zone.
  return unmapped(new SocketAddress({ address, family: 'ipv6' }).address);
}

const mappedIPv4 = '::ffff:';

function unmapped(address: string): string {
  const inner = address.slice(mappedIPv4.length);
  return address.startsWith(mappedIPv4) && isIPv4(inner) ? inner : address;
}

function groups(part: string): string[] {
  if (part === '') return [];
  // A dotted tail stands for two groups.
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
