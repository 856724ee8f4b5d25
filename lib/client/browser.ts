// @galaxy-games/client in browsers: Connect, keys in IndexedDB or in memory, and one stream for all tabs.
import { type ClientOptions, GalaxyClient } from './client.ts';
import { connectTransport } from './connect-transport.ts';
import type { DeviceKeys } from './device-keys.ts';
import { followInTabs } from './tab-events.ts';

export { type BrowserKeys, browserKeys, forgetSession, storedSessions } from './browser-keys.ts';
export * from './common.ts';

export type BrowserClientOptions = ClientOptions & {
  /** Base URL of its web listener, such as `location.origin`. */
  gateway: string;
  /** Of `browserKeys` or `memoryKeys`. */
  keys: DeviceKeys;
};

export function createGalaxyClient({ gateway, ...options }: BrowserClientOptions): GalaxyClient {
  const transport = connectTransport(gateway);
  return new GalaxyClient({ ...options, transport, httpUrl: gateway, follow: followInTabs });
}
