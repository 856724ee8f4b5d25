import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { runGameMasterHttp } from '../../../infra/node/game-master-http.ts';
import { runGameMaster } from '../../../workers/game-master.ts';
import { entryOf, writeCatalogue } from '../../support/engines/catalogue.ts';
import { gameMasterVariables } from '../../support/engines/game-master.ts';
import { logOf, stop } from '../../support/lobby/lobby-process.ts';
import { refusalOf } from '../../support/run/refusal.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Every test starts processes.
vi.setConfig({ testTimeout: 120_000 });

let redis: TestRedis;
/** Empty: every start finds its migrations still to be applied, or waits for another that applies them. */
let database: TestDatabase;
let good: Record<string, string>;
beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase()]);
  good = {
    ...gameMasterVariables({ dsn: database.dsn, redis }, `http://127.0.0.1:${await freePort()}`),
    GM_HTTP_ADDR: '127.0.0.1:0',
    GM_PUBLIC_HTTP_ADDR: '127.0.0.1:0',
    GM_LOG_LEVEL: 'info',
  };
});
afterAll(() => Promise.all([redis.drop(), database.drop()]));

const allInOne = 'workers/game-master.ts';
const http = 'infra/node/game-master-http.ts';

const started: RunningProcess[] = [];
function run(entry: string, env: Record<string, string>): RunningProcess {
  const running = runEntry(entry, env);
  started.push(running);
  return running;
}
afterEach(() => {
  // Only a test that failed leaves one.
  for (const { child } of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The lines of a refusal, after its title, of a process. */
async function refusal(env: Record<string, string>): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(http, env).ended;
  const [title, ...lines] = stderr.trimEnd().split('\n');
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(title).toMatch(new RegExp(`^game-master[a-z-]* refuses to start: ${count}$`));
  return lines.toSorted();
}

describe('the Game Master refuses to start', () => {
  test.each([
    ['all in one', () => refusalOf(runGameMaster, {})],
    ['over HTTP alone, as a process', () => refusal({})],
  ])('with a line for every variable that is missing: %s', async (_, refused) => {
    expect((await refused()).map((line) => line.split(' is not set.')[0]).toSorted()).toEqual([
      '  GM_LOBBY_BASE_URL:',
      '  GM_POSTGRES_PRIMARY_DSN:',
      '  GM_REDIS_ADDR:',
      '  GM_REDIS_PASSWORD:',
    ]);
  });

  test('with malformed, removed and unreachable things all at once, and prints no secret', async () => {
    const port = await freePort();
    const lines = await refusalOf(runGameMasterHttp, {
      GM_HTTP_ADDR: 'everywhere',
      GM_HTTP_TOKEN: 'hunter2',
      GM_LOBBY_BASE_URL: 'lobby:8095',
      GM_POSTGRES_PRIMARY_DSN: `postgres://gm:hunter4@127.0.0.1:${port}/galaxy`,
      GM_REDIS_ADDR: `127.0.0.1:${port}`,
      GM_REDIS_PASSWORD: 'hunter3',
      GM_ENGINE_TIMEOUT: '6m',
      GM_ENGINE_CALLS: '3',
      GM_GAMES_AT_ONCE: '16',
      GM_ENGINES_FILE: writeCatalogue([entryOf({ options_schema: { $ref: '#' } })]),
      GM_TURN_INTERVAL: '2s',
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^ {2}GM_ENGINES_FILE: \S+engines\.json: engines\[0\]\.manifest\.options_schema\/\$ref: contains itself; /,
      ),
      '  GM_ENGINE_CALLS: "3" cannot be used: must be between 4 and 10000',
      '  GM_ENGINE_TIMEOUT: "6m" cannot be used: must be at most 5m',
      '  GM_GAMES_AT_ONCE: was removed. Set GM_ENGINE_CALLS instead.',
      '  GM_HTTP_ADDR: "everywhere" cannot be used: write host:port, or :port for every interface',
      '  GM_HTTP_TOKEN: was removed. Name each caller in GM_HTTP_CALLERS, with the hash of its token; see docs/service-callers.md.',
      expect.stringMatching(/^ {2}GM_LOBBY_BASE_URL: "lobby:8095" cannot be used: write a URL/),
      expect.stringMatching(/^ {2}GM_POSTGRES_PRIMARY_DSN: PostgreSQL cannot be used: .*ECONNREFUSED/),
      expect.stringMatching(/^ {2}GM_REDIS_ADDR: Redis at .* cannot be used: .*ECONNREFUSED/),
      '  GM_TURN_INTERVAL: was removed. Every game has a clock of its own: set turn_seconds when you create it.',
    ]);
    expect(lines.join()).not.toMatch(/hunter[234]/);
  });

  test('when Redis rejects the password', async () => {
    const lines = await refusalOf(runGameMasterHttp, { ...good, GM_REDIS_PASSWORD: 'not-the-password' });
    expect(lines).toEqual([expect.stringMatching(/^ {2}GM_REDIS_ADDR: .*(WRONGPASS|invalid)/i)]);
    expect(lines.join()).not.toContain('not-the-password');
  });

  test('when its ports are taken, with a line for each', async () => {
    const { stderr, exitCode } = await run(http, {
      ...good,
      GM_HTTP_ADDR: redis.addr,
      GM_PUBLIC_HTTP_ADDR: redis.addr,
    }).ended;
    const taken = `${redis.addr} is in use by another process; choose another port or stop that process`;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`  GM_HTTP_ADDR: ${taken}\n`);
    expect(stderr).toContain(`  GM_PUBLIC_HTTP_ADDR: ${taken}\n`);
  });
});

test('it starts without the lobby, warns of listeners that anybody can reach, and stops on SIGTERM', async () => {
  const running = run(allInOne, { ...good, GM_HTTP_ADDR: ':0', GM_PUBLIC_HTTP_ADDR: ':0' });
  await vi.waitFor(() => expect(running.stdout()).toContain('the lobby cannot be asked'), {
    timeout: 30_000,
  });
  const port = logOf(running).find(({ listener }) => listener === 'internal-http')?.port;
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  await stop(running);
  const messages = logOf(running).map(({ msg }) => msg);
  expect(messages.filter((message) => message.startsWith('open to the network')).sort()).toEqual([
    'open to the network, and names no callers: any client that reaches it can act as any user, by X-User-ID. ' +
      'Set GM_PUBLIC_HTTP_CALLERS, or bind GM_PUBLIC_HTTP_ADDR to loopback.',
    'open to the network, and names no callers: any client that reaches it can act as the lobby, and have the Game Master ' +
      'call any address. Set GM_HTTP_CALLERS, or bind GM_HTTP_ADDR to loopback.',
  ]);
  expect(logOf(running).at(-1)).toMatchObject({ msg: 'stopped', drained: true });
});

test('its parts run as processes of their own, and stop on SIGTERM', async () => {
  const parts: [entry: string, sign: string][] = [
    [http, '"listener":"public-http"'],
    ['workers/game-turns.ts', '"worker":"recovery"'],
    ['workers/gm-game-changes.ts', '"worker":"game_changes"'],
    ['workers/gm-outbox-relay.ts', '"worker":"stream watch"'],
  ];
  await Promise.all(
    parts.map(async ([entry, sign]) => {
      const running = run(entry, good);
      await vi.waitFor(() => expect(running.stdout()).toContain(sign), { timeout: 40_000 });
      await stop(running);
      expect(logOf(running).at(-1)).toMatchObject({ msg: 'stopped', drained: true });
    }),
  );
});

test('its migrations can be applied as a job', async () => {
  const env = { GM_POSTGRES_PRIMARY_DSN: database.dsn };
  expect(await runEntry('infra/node/migrate.ts', env, ['game-master']).ended).toEqual({
    exitCode: 0,
    stdout: 'the schema game_master is up to date\n',
    stderr: '',
  });
});
