// npm run bench: how fast the services are, each row next to a floor that no implementation can beat. See docs/benchmarks.md.
//   npm run bench                                  every row but those that take very long or need Chromium
//   npm run bench -- gateway.command               some rows
//   npm run bench -- --out FILE                    also writes the entries as a JSON array
//   npm run bench -- --quick                       fewer and shorter rounds, to see whether a change helps at all
//   npm run bench -- --node-arg=--cpu-prof         a further argument of Node for the measured process
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../infra/local/postgres.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { aborted, runProcess } from '../../lib/node/process.ts';
import type { Bench, Entry, Row, Scale } from './entry.ts';
import { backendSession } from './rows/backend-session.ts';
import { gameDue } from './rows/game-due.ts';
import { gameMove } from './rows/game-move.ts';
import { gameTurns, gameTurnsHung } from './rows/game-turns.ts';
import { gatewayCommand, gatewayCommandConnect } from './rows/gateway-command.ts';
import { gatewayEventLatency } from './rows/gateway-event-latency.ts';
import { gatewayFanout } from './rows/gateway-fanout.ts';
import { gatewayIdleStream, gatewayIdleStreamConnect } from './rows/gateway-idle-stream.ts';
import { lobbyConsumerGmEvents } from './rows/lobby-consumer.ts';
import { lobbyApprove, lobbyGet, lobbyList } from './rows/lobby-http.ts';
import { lobbyRaceName } from './rows/lobby-race-name.ts';
import { lobbyTick } from './rows/lobby-tick.ts';
import { platformApply, platformCommand, platformList } from './rows/platform-commands.ts';
import { platformIdle } from './rows/platform-idle.ts';
import { platformSignIn } from './rows/platform-sign-in.ts';
import { startNpmStart } from './rows/start-npm-start.ts';
import { webUsable } from './rows/web-usable.ts';
import { findCores, pin } from './system.ts';
import { table } from './table.ts';

const rows: readonly Row[] = [
  gatewayCommand,
  gatewayCommandConnect,
  gatewayFanout(1_000),
  gatewayFanout(10_000),
  gatewayIdleStream,
  gatewayIdleStreamConnect,
  gatewayEventLatency,
  backendSession,
  lobbyList,
  lobbyGet,
  lobbyApprove,
  lobbyConsumerGmEvents,
  gameMove,
  gameTurns,
  gameTurnsHung,
  gameDue(100_000),
  platformCommand,
  platformList,
  platformApply,
  platformSignIn,
  platformIdle,
  startNpmStart,
  lobbyTick(10_000),
  lobbyTick(100_000),
  lobbyTick(1_000_000),
  lobbyRaceName(10_000),
  lobbyRaceName(1_000_000),
];
/** Take long, or need Chromium; run when named. */
const onRequest: readonly Row[] = [lobbyRaceName(10_000_000), webUsable];

const full: Scale = {
  rounds: 5,
  warmUps: 4,
  roundMs: 2_000,
  watchMs: 6_000,
  deliveriesPerRound: 80_000,
  idleStreams: 2_000,
  sessions: 1_000,
  games: 100_000,
  fewest: 10_000,
  ticksPerRound: 5,
  reportsAhead: 2_000,
  looksPerRound: 20,
  turns: 2_000,
  matches: 10,
  pageLoads: 10,
};
const quick: Scale = {
  ...full,
  rounds: 3,
  warmUps: 1,
  roundMs: 800,
  ticksPerRound: 2,
  watchMs: 2_000,
  deliveriesPerRound: 40_000,
  looksPerRound: 10,
  turns: 500,
  matches: 3,
  pageLoads: 5,
};

async function main(stop: AbortSignal): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'node-arg': { type: 'string', multiple: true, default: [] },
    },
  });
  const chosen = chooseRows(positionals);
  const running = new AsyncDisposableStack();
  try {
    const bench = await prepare(values.quick ? quick : full, values['node-arg'], running);
    const entries: Entry[] = [];
    for (const row of chosen) {
      const startedAt = performance.now();
      process.stderr.write(`${row.name} ... `);
      entries.push(await Promise.race([runRow(row, bench), aborted(stop).then(interrupted)]));
      process.stderr.write(`${Math.round((performance.now() - startedAt) / 1000)} s\n`);
      // After every row, so that an interrupted run leaves what it knows.
      if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(entries, null, 2)}\n`);
    }
    process.stdout.write(`${table(entries)}\n`);
  } finally {
    await running.disposeAsync();
  }
}

function chooseRows(names: string[]): readonly Row[] {
  const all = [...rows, ...onRequest];
  const unknown = names.filter((name) => !all.some((row) => row.name === name));
  if (unknown.length > 0) {
    const known = all.map((row) => row.name).join(', ');
    throw new OperatorError(`there is no row ${unknown.join(', ')}; there are: ${known}`);
  }
  return names.length === 0 ? rows : all.filter((row) => names.includes(row.name));
}

async function prepare(scale: Scale, nodeArgs: string[], running: AsyncDisposableStack): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-bench-'));
  running.defer(() => rm(folder, { recursive: true, force: true }));
  const common = { port: 0, durable: false, log: (line: string) => void process.stderr.write(`${line}\n`) };
  const postgres = await startPostgres({ ...common, dataFolder: join(folder, 'postgres') });
  running.defer(postgres.stop);
  const password = randomBytes(18).toString('base64url');
  const redis = await startRedis({ ...common, dataFolder: join(folder, 'redis'), password });
  running.defer(redis.stop);
  const cores = findCores();
  for (const server of [postgres, redis]) pin(server.pid, cores?.load);
  pin(process.pid, cores?.load);
  return { scale, cores, nodeArgs, redis, postgres, folder };
}

export async function runRow(row: Row, bench: Bench): Promise<Entry> {
  const running = new AsyncDisposableStack();
  try {
    return { name: row.name, ...(await row.run(bench, running)) };
  } finally {
    await running.disposeAsync();
  }
}

function interrupted(): never {
  throw new OperatorError('interrupted');
}

if (import.meta.main) await runProcess('bench', (_, stop) => main(stop));
