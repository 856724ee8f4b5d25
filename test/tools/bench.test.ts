// One tiny round of a benchmark row of each kind: that the harness runs and counts what was answered rightly. No speed is
// compared with another; that is what `npm run bench` is for.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createDatabase } from '../../infra/local/postgres.ts';
import { startRedis } from '../../infra/local/redis.ts';
import type { Bench, Entry, Row } from '../bench/entry.ts';
import { closedLoop } from '../bench/peers/closed-loop.ts';
import { executeCommandPath, framed, GrpcConnection } from '../bench/peers/grpc-bytes.ts';
import { backendSession } from '../bench/rows/backend-session.ts';
import { gameDue } from '../bench/rows/game-due.ts';
import { gameMove } from '../bench/rows/game-move.ts';
import { gameTurns } from '../bench/rows/game-turns.ts';
import { gatewayCommand } from '../bench/rows/gateway-command.ts';
import { gatewayEventLatency } from '../bench/rows/gateway-event-latency.ts';
import { gatewayFanout } from '../bench/rows/gateway-fanout.ts';
import { gatewayIdleStream } from '../bench/rows/gateway-idle-stream.ts';
import { lobbyConsumerGmEvents } from '../bench/rows/lobby-consumer.ts';
import { lobbyApprove } from '../bench/rows/lobby-http.ts';
import { lobbyRaceName } from '../bench/rows/lobby-race-name.ts';
import { lobbyTick } from '../bench/rows/lobby-tick.ts';
import { platformFanout } from '../bench/rows/platform-fanout.ts';
import { webUsable } from '../bench/rows/web-usable.ts';
import { runRow } from '../bench/run.ts';
import { table } from '../bench/table.ts';

const timeoutMs = 180_000;
const running = new AsyncDisposableStack();
let bench: Bench;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-bench-'));
  running.defer(() => rm(folder, { recursive: true, force: true }));
  // One of its own: benchmarks use database 0, which the run's Redis keeps for itself.
  const redis = await startRedis({
    dataFolder: join(folder, 'redis'),
    port: 0,
    password: randomBytes(18).toString('base64url'),
    durable: false,
  });
  running.defer(() => redis.stop());
  const server = inject('postgres').dsn;
  bench = {
    scale: {
      rounds: 1,
      warmUps: 0,
      roundMs: 100,
      watchMs: 400,
      deliveriesPerRound: 64,
      idleStreams: 20,
      sessions: 100,
      games: 400,
      fewest: 200,
      ticksPerRound: 1,
      reportsAhead: 40,
      looksPerRound: 2,
      turns: 20,
      matches: 1,
      pageLoads: 1,
    },
    cores: undefined,
    redis,
    postgres: {
      dsn: (database) => Object.assign(new URL(server), { pathname: `/${database}` }).href,
      createDatabase: (name) => createDatabase(server, name),
    },
    folder,
  };
}, timeoutMs);
afterAll(() => running.disposeAsync());

const hasChromium = existsSync('/usr/bin/chromium');
const withFloor: Row[] = [
  gatewayCommand,
  gatewayFanout(32),
  platformFanout(32),
  backendSession,
  lobbyApprove,
  lobbyConsumerGmEvents,
  lobbyTick(400),
  lobbyRaceName(400),
  gameTurns,
  gameDue(400),
  ...(hasChromium ? [webUsable] : []),
];

describe('a benchmark row', () => {
  it.each(withFloor)(
    '$name counts what was answered, beside its floor',
    async (row) => {
      const entry = await runRow(row, bench);
      expect(entry).toMatchObject({
        name: row.name,
        ops_per_s: expect.any(Number),
        floor_ops_per_s: expect.any(Number),
        note: expect.stringContaining('against'),
      });
      // A fan-out knows how many deliveries there have to be.
      if (row.name.includes('fanout')) expect(entry.n).toBe(64);
      expect(entry.n).toBeGreaterThan(0);
      expect(entry.ratio).toBeCloseTo((entry.ops_per_s ?? 0) / (entry.floor_ops_per_s ?? 1), 1);
    },
    timeoutMs,
  );

  it.runIf(process.platform === 'linux')(
    'gateway.idle_stream tells the memory of a stream beside its floor',
    async () => {
      const entry = await runRow(gatewayIdleStream, bench);
      expect(entry).toMatchObject({ rss_kib: expect.any(Number), ratio: expect.any(Number), n: 20 });
    },
    timeoutMs,
  );

  it(
    'gateway.event_latency times every event that was appended',
    async () => {
      const { p50_ms, p99_ms, n } = await runRow(gatewayEventLatency, bench);
      expect(n).toBeGreaterThan(0);
      expect(p50_ms).toBeGreaterThan(0);
      expect(p99_ms).toBeGreaterThanOrEqual(p50_ms ?? 0);
    },
    timeoutMs,
  );
});

it(
  'game.move times every move that opens a turn for the other player',
  async () => {
    const { p50_ms, p99_ms, n } = await runRow(gameMove, bench);
    // All of the board but the last disc.
    expect(n).toBe(41);
    expect(p50_ms).toBeGreaterThan(0);
    expect(p99_ms).toBeGreaterThanOrEqual(p50_ms ?? 0);
  },
  timeoutMs,
);

describe('the load', () => {
  it('takes no status but OK for an answer', async () => {
    const server = new Server();
    const bytes = (value: Buffer) => value;
    const method = {
      path: executeCommandPath,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    const answer: handleUnaryCall<Buffer, Buffer> = ({ request }, callback) =>
      request.length === 0 ? callback({ code: status.UNAVAILABLE }) : callback(null, request);
    server.addService({ method }, { method: answer });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const connection = await GrpcConnection.open(`127.0.0.1:${port}`);
    try {
      const message = Buffer.from('echo');
      expect(await connection.unary(executeCommandPath, framed(message))).toEqual(message);
      await expect(connection.unary(executeCommandPath, framed(Buffer.alloc(0)))).rejects.toThrow(
        'status 14',
      );
    } finally {
      await connection.close();
      server.forceShutdown();
    }
  });

  it('fails with the first operation that fails', async () => {
    const operation = vi
      .fn()
      .mockResolvedValueOnce(undefined)
      .mockRejectedValueOnce(new Error('a bad answer'));
    await expect(closedLoop(1, 60_000, operation)).rejects.toThrow('a bad answer');
    expect(operation).toHaveBeenCalledTimes(2);
  });
});

it('prints a line for every entry and leaves out what does not apply', () => {
  const entries: Entry[] = [
    { name: 'a.row', ops_per_s: 1200, floor_ops_per_s: 2400, ratio: 0.5, n: 10, note: 'beside a floor' },
    { name: 'another', p50_ms: 1.5, n: 3, note: 'alone' },
  ];
  const lines = table(entries).split('\n');
  expect(lines[1]).toMatch(/^a\.row +1200 +2400 +0\.5 +– +– +– +– +10$/);
  expect(lines[2]).toMatch(/^another +– +– +– +1\.5 +– +– +– +3$/);
  expect(lines).toContain('another: alone');
});
