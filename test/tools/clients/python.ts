// The Python client of docs/clients/python, run as its page says: its bot signs in, joins a game and plays it to the end.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signInCode } from '../../../infra/local/log-lines.ts';
import { reachable } from '../../../infra/local/service.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';
import type { TestStack } from '../../support/run/stack.ts';

const client = join(import.meta.dirname, '..', '..', '..', 'docs', 'clients', 'python');
/** Not on every machine; .ci/run installs it. */
const hasCryptography = spawnSync('python3', ['-c', 'import cryptography']).status === 0;

export function describePython(running: () => { stack: TestStack }): void {
  describe.skipIf(!hasCryptography)('the client in Python', { timeout: 120_000 }, () => {
    let stack: TestStack;
    let ada: TestClient;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'galaxy-test-python-'));
      stack = running().stack;
      ada = await stack.signIn('ada');
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    function bot(...args: string[]) {
      const url = `http://${reachable(stack.listeners.gatewayWeb)}`;
      const file = join(client, 'bot.py');
      // It says on its standard error what it tries again, such as a move before the game is set up.
      const child = spawn('python3', ['-B', file, url, folder, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const ended = once(child, 'close').then(([code]) => ({ code, output }));
      return { child, ended };
    }

    async function ok(messageType: string, payload: object): Promise<Record<string, unknown>> {
      const { resultCode, payload: result } = await ada.execute(messageType, payload);
      expect({ resultCode, result }).toMatchObject({ resultCode: 'ok' });
      return result;
    }

    it('signs in with a mailed code, and keeps its key to itself', async () => {
      const email = 'python-bot@example.com';
      const { child, ended } = bot('sign-in', email);
      const code = await vi.waitFor(
        async () => {
          const mailed = (await stack.logs()).split('\n').filter((line) => line.includes(email));
          const { challenge_id: id } = JSON.parse(mailed.at(-1) ?? '{}');
          return signInCode(mailed.at(-1) ?? '', id) ?? expect.fail('no code yet');
        },
        { timeout: 20_000, interval: 200 },
      );
      child.stdin.end(`${code}\n`);
      expect(await ended).toEqual({ code: 0, output: expect.stringContaining('Signed in.') });
      expect((await stat(join(folder, 'device-key.pem'))).mode & 0o777).toBe(0o600);
    });

    it('joins a game by a code, and plays it to the end', async () => {
      const { game_id } = await ok('lobby.game.create', {
        game_name: 'Python against TypeScript',
        game_type: 'private',
        min_players: 2,
        max_players: 2,
        target_engine_version: '1.0.0',
        enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
        turn_seconds: 3_600,
      });
      await ok('lobby.game.open_enrollment', { game_id });
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      const invite = await ok('lobby.invite.create', { game_id, max_uses: 2, expires_at: expiresAt });
      expect(await bot('join', String(invite.code), 'Pythons').ended).toEqual({
        code: 0,
        output: `${game_id}\n`,
      });
      await ok('lobby.invite.redeem_code', { code: invite.code, race_name: 'Typists' });
      await ok('lobby.game.start', { game_id });

      const { ended } = bot('play', String(game_id));
      // Ada stacks column 1, and the bot column 4, in which it has four in a row first.
      for (const turn of [2, 4, 6]) {
        await expect
          .poll(async () => (await ada.execute('game.turn.get', { game_id })).payload, { timeout: 60_000 })
          .toMatchObject({ turn, status: 'open', awaiting: [2] });
        await ada.game.orders.submit({ game_id: String(game_id), turn, orders: { column: 1 }, ready: true });
      }
      const { code, output } = await ended;
      expect(output).toMatch(/^Turn 1: column 4\n(Turn \d: column 4\n){3}The game is finished: /);
      expect(code).toBe(0);
      const { result } = await ok('lobby.game.get', { game_id });
      expect(result).toMatchObject({ placements: [{ rank: 1, race_name: 'Pythons' }, { rank: 2 }] });
    });
  });
}
