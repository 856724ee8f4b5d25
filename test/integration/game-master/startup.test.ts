import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { gameMasterVariables } from '../../support/engines/game-master.ts';
import { runEntry } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Every test starts a process.
vi.setConfig({ testTimeout: 60_000 });

const entry = 'workers/game-master.ts';
let redis: TestRedis;
let good: Record<string, string>;
beforeAll(async () => {
  redis = await createTestRedis();
  good = {
    ...gameMasterVariables(redis, `http://127.0.0.1:${await freePort()}`),
    GM_HTTP_ADDR: '127.0.0.1:0',
    GM_LOG_LEVEL: 'info',
  };
});
afterAll(() => redis.drop());

/** The lines of a refusal, after its title. */
async function refusal(env: Record<string, string>): Promise<string[]> {
  const { exitCode, stderr } = await runEntry(entry, env).ended;
  const [title, ...lines] = stderr.trimEnd().split('\n');
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  expect({ exitCode, title }).toEqual({ exitCode: 1, title: `game-master refuses to start: ${count}` });
  return lines.toSorted();
}

describe('the Game Master refuses to start', () => {
  test('with a line for every variable that is missing', async () => {
    expect((await refusal({})).map((line) => line.split(' is not set.')[0])).toEqual([
      '  GM_LOBBY_BASE_URL:',
      '  GM_REDIS_ADDR:',
      '  GM_REDIS_PASSWORD:',
    ]);
  });

  test('with a line for every invalid value, and prints no secret', async () => {
    const lines = await refusal({
      GM_HTTP_ADDR: 'everywhere',
      GM_HTTP_TOKEN: 'hunter2\n',
      GM_LOBBY_BASE_URL: 'lobby:8095',
      GM_REDIS_ADDR: `127.0.0.1:${await freePort()}`,
      GM_REDIS_PASSWORD: 'hunter3',
      GM_ENGINE_TIMEOUT: '6m',
      GM_GAMES_AT_ONCE: '0',
      GM_TURN_INTERVAL: '0s',
    });
    expect(lines).toEqual([
      '  GM_ENGINE_TIMEOUT: "6m" cannot be used: must be at most 5m',
      '  GM_GAMES_AT_ONCE: "0" cannot be used: must be between 1 and 1000',
      '  GM_HTTP_ADDR: "everywhere" cannot be used: write host:port, or :port for every interface',
      '  GM_HTTP_TOKEN: its value cannot be used: it ends with a blank or newline; remove it',
      expect.stringMatching(/^ {2}GM_LOBBY_BASE_URL: "lobby:8095" cannot be used: write a URL/),
      expect.stringMatching(/^ {2}GM_REDIS_ADDR: Redis at .* cannot be used: .*ECONNREFUSED/),
      '  GM_TURN_INTERVAL: "0s" cannot be used: must be longer than zero',
    ]);
    expect(lines.join()).not.toMatch(/hunter[23]/);
  });

  test('when Redis rejects the password', async () => {
    const lines = await refusal({ ...good, GM_REDIS_PASSWORD: 'not-the-password' });
    expect(lines).toEqual([expect.stringMatching(/^ {2}GM_REDIS_ADDR: .*(WRONGPASS|invalid)/i)]);
    expect(lines.join()).not.toContain('not-the-password');
  });

  test('when its port is taken', async () => {
    expect(await refusal({ ...good, GM_HTTP_ADDR: redis.addr })).toEqual([
      `  GM_HTTP_ADDR: ${redis.addr} is in use by another process; choose another port or stop that process`,
    ]);
  });
});

test('the Game Master starts without the lobby, logs that it is unreachable, and stops on SIGTERM', async () => {
  const running = runEntry(entry, { ...good, GM_HTTP_ADDR: ':0' });
  await vi.waitFor(() => expect(running.stdout()).toContain('the lobby cannot be asked'), {
    timeout: 30_000,
  });
  running.child.kill('SIGTERM');
  expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' });
  const lines = running.stdout().trimEnd().split('\n');
  const messages = lines.map((line) => JSON.parse(line).msg);
  expect(messages).toContain('listening');
  expect(messages).toContain(
    'open to the network without a token: whoever reaches it can have it call any address. ' +
      'Set GM_HTTP_TOKEN, or bind GM_HTTP_ADDR to loopback.',
  );
  expect(messages.at(-1)).toBe('stopped');
});
