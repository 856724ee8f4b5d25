// @galaxy-games/client in browsers: Connect, and keys in IndexedDB or in memory.
import { type ClientOptions, GalaxyClient } from './client.ts';
import { connectTransport } from './connect-transport.ts';
import type { DeviceKeys } from './device-keys.ts';

export { type BrowserKeys, browserKeys, forgetSession, storedSessions } from './browser-keys.ts';
export * from './common.ts';

export type BrowserClientOptions = ClientOptions & {
  /** Base URL of its web listener, such as `location.origin`. */
  gateway: string;
  /** Of `browserKeys` or `memoryKeys`. */
  keys: DeviceKeys;
};

export function createGalaxyClient({ gateway, ...options }: BrowserClientOptions): GalaxyClient {
  return new GalaxyClient({ ...options, transport: connectTransport(gateway), httpUrl: gateway });
}
