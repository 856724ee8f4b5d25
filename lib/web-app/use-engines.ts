// Which games the platform offers. That changes only when its services are started again.
import type { Engine } from '../client/browser.ts';
import { usePlayer } from './context.ts';
import { type Loaded, useLoad } from './use-load.ts';

export function useEngines(): Loaded<readonly Engine[]> {
  const { client } = usePlayer();
  return useLoad('engines', async () => (await client.lobby.engine.list()).items);
}
