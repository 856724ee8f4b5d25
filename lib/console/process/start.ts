// Start-up of the console: configuration, and the files that browsers load. Whether the services can be reached is not
// asked; pages say so.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readConfiguration } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { type ConsoleConfig, consoleVariables, notOpenWithoutTls } from '../config.ts';
import { type Asset, type Console, createConsole } from '../context.ts';
import { createStrangerLimit } from './stranger-limit.ts';

const service = 'console';

/** @throws StartupError with every problem. */
export async function startConsole(
  environment: Environment,
): Promise<{ config: ConsoleConfig; console: Console }> {
  const config = readConfiguration({
    environment,
    variables: consoleVariables,
    checks: [notOpenWithoutTls],
  });
  const log = createLogger({ service, level: config.logLevel });
  const limitStranger = createStrangerLimit(config.strangerRate, config.trustedProxies);
  return { config, console: createConsole(config, { assets: await readAssets(), limitStranger, log }) };
}

async function readAssets(): Promise<Map<string, Asset>> {
  const own = (file: string) => `${import.meta.dirname}/../assets/${file}`;
  const files = [
    {
      name: 'base.css',
      path: `${import.meta.dirname}/../../page-style/base.css`,
      type: 'text/css; charset=utf-8',
    },
    { name: 'console.css', path: own('console.css'), type: 'text/css; charset=utf-8' },
    { name: 'console.js', path: own('console.js'), type: 'text/javascript; charset=utf-8' },
    { name: 'icon.svg', path: own('icon.svg'), type: 'image/svg+xml' },
    {
      name: 'htmx.js',
      path: fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js')),
      type: 'text/javascript; charset=utf-8',
    },
  ];
  const read = files.map(async ({ name, path, type }) => {
    const bytes = new Uint8Array(await readFile(path));
    return [name, { type, bytes }] as const;
  });
  return new Map(await Promise.all(read));
}
