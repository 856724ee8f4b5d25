// A stack for the demo alone: on free ports, with its data in a temporary folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../lib/config/variables.ts';
import { freePort } from '../child.ts';
import { type LocalConfig, listenersOf } from '../config.ts';
import { startPlatform } from '../platform.ts';
import { type RunningStack, runningStack } from '../running.ts';
import { localSecrets } from '../secrets.ts';
import { print } from './player.ts';

export async function withOwnPlatform(
  config: LocalConfig,
  environment: Environment,
  work: (stack: RunningStack, adminToken: string) => Promise<void>,
): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'galaxy-demo-'));
  const listeners = { ...config.listeners };
  for (const key of Object.keys(listeners) as (keyof typeof listeners)[]) {
    listeners[key] = { host: '127.0.0.1', port: await freePort() };
  }
  const ownPorts = {
    ...config,
    listeners,
    gatewayAdmin: undefined,
    postgres: { ...config.postgres, port: 0 },
    redis: { ...config.redis, port: 0 },
  };
  try {
    const platform = await startPlatform({
      config: ownPorts,
      dataFolder,
      environment: withoutAddresses(config, environment),
      onLine: () => undefined,
      log: (line) => print(`  ${line}`),
    });
    try {
      const { serviceToken } = await localSecrets(dataFolder);
      await work(runningStack(listeners, platform), serviceToken);
    } finally {
      await platform.stop();
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** The environment without the addresses that the demo chooses itself. */
function withoutAddresses(config: LocalConfig, environment: Environment): Environment {
  const chosen = new Set(listenersOf(config).map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !chosen.has(name)));
}
