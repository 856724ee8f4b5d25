// @galaxy-games/client on Node: gRPC, and keys in a file or in memory.
import { type ClientOptions, GalaxyClient } from './client.ts';
import type { DeviceKeys } from './device-keys.ts';
import { grpcTransport } from './grpc-transport.ts';

export * from './common.ts';
export { keyFile } from './key-file.ts';

export type Gateway = {
  /** Base URL of its public HTTP listener. */
  httpUrl: string;
  /** host:port of its authenticated gRPC listener. */
  grpcAddr: string;
  /**
   * Set when that listener has TLS; its host is a name then, as gRPC takes no IP address there. `ca`: PEM of the
   * authorities to trust, in place of the system's; those count for an https `httpUrl`, too.
   */
  tls?: { ca?: string };
};

export type NodeClientOptions = ClientOptions & {
  gateway: Gateway;
  /** Of `keyFile` or `memoryKeys`. */
  keys: DeviceKeys;
  /** Between two pings; a silent link is noticed after three halves of it. */
  pingIntervalMs?: number;
};

export function createGalaxyClient({
  gateway: { httpUrl, grpcAddr, tls },
  keys,
  pingIntervalMs = 10_000,
  ...options
}: NodeClientOptions): GalaxyClient {
  const transport = grpcTransport({ grpcAddr, tls, pingIntervalMs });
  return new GalaxyClient({ ...options, transport, httpUrl, keys });
}
