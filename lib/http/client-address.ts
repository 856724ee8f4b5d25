// The client's IP address of a request. Behind a proxy the socket has the proxy's address, and `X-Forwarded-For` names
// the client. Any client can send that header, so only the entries that trusted proxies wrote are used.
//
// The header is a list to which every proxy appends the address that it was called from. Each entry was written by the
// hop to its right. The list is read from the right while that hop is trusted, so reading ends at the first address
// that is not a trusted proxy. Entries that the client itself wrote are to the left of it and are never read.
import { type BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { ServerUnaryCall } from '@grpc/grpc-js';

/** The address of a connection that closed before its address was read. */
export const unknownAddress = 'unknown';

/**
 * @param socketAddress `socket.remoteAddress` of the connection.
 * @param forwardedFor all values of `X-Forwarded-For`, in order.
 * @param trusted the proxies whose entries are used.
 * @returns an IP address in its shortest form; an IPv4 address that is mapped into IPv6 as IPv4. The socket's address
 * when an entry that was read is malformed.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: readonly string[],
  trusted: BlockList | undefined,
): string {
  const peer = fromSocket(socketAddress ?? '');
  if (trusted === undefined || forwardedFor.length === 0 || !isTrusted(trusted, peer)) return peer;
  const hops = forwardedFor.join(',').split(',');
  let client = peer;
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const hop = fromHeader((hops[index] ?? '').trim());
    if (hop === undefined) return peer;
    client = hop;
    if (!isTrusted(trusted, hop)) break;
  }
  return client;
}

/** The client's address of a gRPC call, from its connection and metadata. */
export function callerAddress(
  call: Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'metadata'>,
  trusted: BlockList | undefined,
): string {
  const peer = call.getPeer();
  // grpc-js writes IPv6 without brackets: `2001:db8::1:50123`.
  const socketAddress = peer.slice(0, Math.max(0, peer.lastIndexOf(':')));
  if (trusted === undefined) return fromSocket(socketAddress);
  return clientAddress(socketAddress, call.metadata.get('x-forwarded-for').map(String), trusted);
}

/**
 * The key by which limits count an address: IPv4 by the address, IPv6 by its /64, since a client that has one address
 * of a /64 usually has all of them.
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

/**
 * Bounds connections per client, for lib/node/connections-per-address.ts. Trusted proxies serve many clients, so they
 * have no bound.
 */
export function connectionsPerAddress(max: number, trusted: BlockList | undefined) {
  return {
    max,
    keyOf: (remoteAddress: string | undefined) => boundedBlock(fromSocket(remoteAddress ?? ''), trusted),
  };
}

/** The block of a client's address; undefined for a trusted proxy's own, which stands for many clients. */
export function boundedBlock(address: string, trusted: BlockList | undefined): string | undefined {
  return trusted !== undefined && isTrusted(trusted, address) ? undefined : addressBlock(address);
}

function isTrusted(trusted: BlockList, address: string): boolean {
  if (address === unknownAddress) return false;
  return trusted.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Node already writes addresses of sockets in their shortest form. */
function fromSocket(text: string): string {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return unknownAddress;
  return unmapped(text.replace(/%.*/, ''));
}

/** Parses an address with or without a port; undefined when it is not valid. */
function fromHeader(text: string): string | undefined {
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
  // A dotted tail has the length of two groups.
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
