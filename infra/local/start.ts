// npm start: the whole platform on this machine, until Ctrl-C.
import { resolve } from 'node:path';
import type { Environment } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { aborted, runProcess } from '../../lib/node/process.ts';
import { type LocalConfig, listenersOf, readLocalConfig } from './config.ts';
import { readableLine, withoutPassword } from './log-lines.ts';
import { type Platform, startPlatform } from './platform.ts';
import { announce, runningStack, withdraw } from './running.ts';
import { reachable } from './service.ts';
import { runTool } from './tool.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

async function runLocally(environment: Environment, stop: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const config = readLocalConfig(environment);
  const dataFolder = resolve(config.dataFolder);
  const platform = await startPlatform({
    config,
    dataFolder,
    environment: { ...environment },
    onLine: (service, line) => {
      const readable = readableLine(service, line);
      if (readable !== undefined) print(readable);
    },
    log: (line) => print(`galaxy: ${line}`),
  });
  try {
    await announce(dataFolder, runningStack(config.listeners, platform));
    const signIn = await runTool('infra/operator/operator.ts', ['sign-in'], { ...environment });
    print(overview(config, platform, { tookMs: performance.now() - startedAt, signIn }));
    const lost = await Promise.race([platform.lost, aborted(stop)]);
    if (typeof lost === 'string') throw new OperatorError(`${lost}; its log is in ${platform.logFolder}`);
    print('galaxy: stopping ...');
  } finally {
    await withdraw(dataFolder);
    await platform.stop();
  }
  print('galaxy: stopped, nothing is left running.');
}

function overview(
  config: LocalConfig,
  platform: Platform,
  { tookMs, signIn }: { tookMs: number; signIn: string },
): string {
  const rows = listenersOf(config).map(
    ({ scheme, address, help }) => `  ${`${scheme}://${reachable(address)}`.padEnd(28)} ${help}`,
  );
  const databases = [
    `  ${'PostgreSQL'.padEnd(28)} ${withoutPassword(platform.postgresDsn)}`,
    `  ${'Redis'.padEnd(28)} ${platform.redisAddr}`,
  ];
  return [
    '',
    `Galaxy is ready (${(tookMs / 1000).toFixed(1)} s).`,
    ...rows,
    ...databases,
    `  ${'Logs'.padEnd(28)} ${platform.logFolder}`,
    '',
    `Play in your browser: http://${reachable(config.listeners.gatewayWeb)}/`,
    `Run it in the console: ${signIn} (once, within 15 minutes)`,
    'Sign-in codes are printed here. Try it in a second terminal: npm run demo',
    `Stop with Ctrl-C, or from elsewhere with: kill ${process.pid}`,
    '',
  ].join('\n');
}

const usage = `npm start: runs the whole platform on this machine, until Ctrl-C.

It takes no arguments. Environment variables change it, such as
  GATEWAY_PUBLIC_HTTP_ADDR=127.0.0.1:18080 npm start
See docs/local-stack.md for what it does, docs/configuration.md for the variables.`;

const args = process.argv.slice(2);
if (args.length === 0) {
  await runProcess('galaxy', runLocally);
} else if (args.every((arg) => arg === '--help' || arg === '-h')) {
  print(usage);
} else {
  process.stderr.write(`npm start takes no arguments, but got: ${args.join(' ')}\n\n${usage}\n`);
  process.exitCode = 2;
}
