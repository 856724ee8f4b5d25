// PostgreSQL fails over while the lobby's HTTP side runs, with each driver. The address leads to the old primary for a
// while, which is a standby now, and then moves while connections to the old server stay open; later a server turns
// read-only under open connections. Whoever writes gets service_unavailable at worst, and everything heals by itself.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalPostgres, startPostgres, withClient } from '../../infra/local/postgres.ts';
import { startWebSocketProxy, type WebSocketProxy } from '../../infra/local/websocket-proxy.ts';
import { gameBody } from '../support/lobby/games.ts';
import { listening, lobbyEnvironment, stop } from '../support/lobby/lobby-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';

const healsWithinMs = 60_000;
const connections = 4;

type Outcome = { status: number; code: string | undefined };
type LobbyHttp = {
  driver: string;
  running: RunningProcess;
  write(): Promise<Outcome>;
  read(): Promise<Outcome>;
};

let folder: string;
let redis: TestRedis;
let websocket: WebSocketProxy;
/** What the address of the primary leads to. */
let address: TcpProxy;
let first: LocalPostgres;
const servers: LocalPostgres[] = [];
const lobbies: LobbyHttp[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-demoted-'));
  [redis, websocket, first] = await Promise.all([createTestRedis(), startWebSocketProxy(), serve('first')]);
  address = await startTcpProxy(at(first));
  for (const driver of ['pg', 'neon']) lobbies.push(await startLobbyHttp(driver));
});
afterAll(async () => {
  await Promise.all(lobbies.map(({ running }) => stop(running)));
  await Promise.all([address?.close(), websocket?.close(), redis?.drop()]);
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

const at = ({ port }: LocalPostgres) => ({ host: '127.0.0.1', port });

async function serve(name: string): Promise<LocalPostgres> {
  const server = await startPostgres({ dataFolder: join(folder, name), port: 0, durable: false });
  servers.push(server);
  return server;
}

async function startLobbyHttp(driver: string): Promise<LobbyHttp> {
  const dsn = Object.assign(new URL(first.dsn('postgres')), { host: address.addr }).href;
  const running = runEntry('infra/node/lobby-http.ts', {
    ...lobbyEnvironment({ dsn }, redis),
    LOBBY_POSTGRES_DRIVER: driver,
    ...(driver === 'neon' && { LOBBY_POSTGRES_WEBSOCKET_PROXY: websocket.addr }),
    LOBBY_POSTGRES_OPERATION_TIMEOUT: '2s',
    LOBBY_POSTGRES_MAX_OPEN_CONNS: String(connections),
    LOBBY_POSTGRES_MAX_IDLE_CONNS: String(connections),
  });
  const ports = await listening(running);
  const request = async (method: string, body?: string): Promise<Outcome> => {
    const response = await fetch(`http://127.0.0.1:${ports.internal}/api/v1/internal/lobby/games`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
    });
    const { error } = (await response.json()) as { error?: { code: string } };
    return { status: response.status, code: error?.code };
  };
  const endsAt = new Date(Date.now() + 30 * 24 * 3_600_000).toISOString();
  const game = JSON.stringify({ ...gameBody, enrollment_ends_at: endsAt });
  return { driver, running, write: () => request('POST', game), read: () => request('GET') };
}

const unavailable = { status: 503, code: 'service_unavailable' };
const created = { status: 201, code: undefined };
const served = { status: 200, code: undefined };

/** As many requests at once as there are connections, so that every connection is used. */
const onAll = (request: () => Promise<Outcome>) => Promise.all(Array.from({ length: connections }, request));

/** Writes until all connections serve again. @returns how long that took, in ms. */
async function untilHealed({ write }: LobbyHttp): Promise<number> {
  const since = performance.now();
  for (;;) {
    const outcomes = await onAll(write);
    for (const outcome of outcomes) expect([created, unavailable]).toContainEqual(outcome);
    const passedMs = performance.now() - since;
    if (outcomes.every(({ status }) => status === 201)) return passedMs;
    expect(passedMs).toBeLessThan(healsWithinMs);
    await delay(50);
  }
}

async function expectHealed(): Promise<void> {
  for (const lobby of lobbies) {
    const ms = await untilHealed(lobby);
    process.stdout.write(`${lobby.driver}: healed after ${Math.round(ms)} ms\n`);
    for (let round = 0; round < 5; round++) {
      expect(await onAll(lobby.write)).toEqual(Array(connections).fill(created));
      expect(await onAll(lobby.read)).toEqual(Array(connections).fill(served));
    }
  }
}

it('the address leads to a standby, then moves to the new primary, while connections stay open', async () => {
  await expectHealed();
  // The data of the new primary are those of the old one; nothing was written in between.
  await first.stop();
  await cp(join(folder, 'first'), join(folder, 'second'), { recursive: true });
  await writeFile(join(folder, 'first', 'cluster', 'standby.signal'), '');
  const [standby, second] = [await serve('first'), await serve('second')];
  address.lead(at(standby));
  for (const { write, read } of lobbies) {
    for (let round = 0; round < 3; round++) {
      // Reads of a standby would be older and older.
      expect(await onAll(read)).toEqual(Array(connections).fill(unavailable));
      expect(await onAll(write)).toEqual(Array(connections).fill(unavailable));
    }
  }
  address.redirect(at(second));
  await expectHealed();
});

it('the primary turns read-only under open connections, and another server takes its place', async () => {
  const [, standby, second] = servers as [LocalPostgres, LocalPostgres, LocalPostgres];
  address.lead(at(second));
  await expectHealed();
  await withClient(standby.dsn('postgres'), (client) => client.query('select pg_promote()'));
  for (const setting of ['alter system set default_transaction_read_only = on', 'select pg_reload_conf()']) {
    await withClient(second.dsn('postgres'), (client) => client.query(setting));
  }
  address.redirect(at(standby));
  await expectHealed();
});
