// The client package, packed as for `npm publish` and installed into an empty project, does what docs/clients.md says:
// its programs are taken from that page and run against the whole platform.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { reachable } from '../../../infra/local/service.ts';
import { mailedCode } from '../../support/client/mailed-code.ts';
import type { PackageProject } from '../../support/client/package-project.ts';
import type { TestStack } from '../../support/run/stack.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');
const tools = join(root, 'node_modules', '.bin');
const node = process.execPath;

let stack: TestStack;
let project: PackageProject;

const children: ChildProcess[] = [];

/** The programs of a page: a line that begins with a file's name, and the next block of code. */
async function programsOf(page: string): Promise<[name: string, text: string][]> {
  const text = await readFile(join(root, page), 'utf8');
  return [...text.matchAll(/^`([a-z]+\.mjs)`[^`]*?:\n\n```js\n(.*?)```/gms)].map(
    ([, name = '', code = '']) => [name, code],
  );
}

/** Runs a program, and types the code that was mailed when it asks for it. */
function start(program: string, ...args: string[]): { output: () => string; ended: Promise<unknown[]> } {
  const child = spawn(node, [program, ...args], {
    cwd: project.folder,
    env: {
      ...process.env,
      GALAXY_HTTP_URL: `http://${reachable(stack.listeners.gatewayHttp)}`,
      GALAXY_GRPC_ADDR: reachable(stack.listeners.gatewayGrpc),
    },
  });
  children.push(child);
  let output = '';
  let answered = false;
  const collect = (bytes: Buffer) => {
    output += bytes;
    const challengeId = /Code of challenge (\S+): /.exec(output)?.[1];
    if (challengeId === undefined || answered) return;
    answered = true;
    void mailedCode(stack, challengeId).then((code) => child.stdin.write(`${code}\n`));
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return { output: () => output, ended: once(child, 'exit') };
}

export function describePackage(running: () => { stack: TestStack; project: PackageProject }): void {
  describe('the installed package', () => {
    beforeAll(async () => {
      ({ stack, project } = running());
      for (const [name, text] of await programsOf('docs/clients.md')) {
        await writeFile(join(project.folder, name), text);
      }
    });
    afterEach(() => {
      for (const child of children.splice(0)) child.kill();
    });

    it('signs in, keeps its key for its owner alone, and runs a command', async () => {
      const first = start('account.mjs', 'ada@example.com');
      expect([await first.ended, first.output()]).toEqual([
        [0, null],
        expect.stringContaining('0 open games'),
      ]);
      expect((await stat(join(project.folder, 'ada@example.com.json'))).mode & 0o777).toBe(0o600);

      const again = start('account.mjs', 'ada@example.com');
      expect([await again.ended, again.output()]).toEqual([
        [0, null],
        expect.stringMatching(/^\S+ sees 0 open games\n$/),
      ]);
    });

    it('follows the events while a bot plays a game to its end', { timeout: 120_000 }, async () => {
      const events = start('events.mjs', 'boris@example.com');
      await vi.waitFor(() => expect(events.output()).toContain('reload what you show'), { timeout: 40_000 });
      const bot = start('bot.mjs', 'boris@example.com');
      expect([await bot.ended, bot.output()]).toEqual([
        [0, null],
        expect.stringMatching(/turn \d+: a disc into column \d[\s\S]*over: \{"kind"/),
      ]);
      await vi.waitFor(() => expect(events.output()).toContain('lobby.game.finished'), { timeout: 20_000 });
      expect(events.output()).toContain('lobby.game.turn_advanced');
    });

    it('joins a game that a person has made, and plays against them', { timeout: 120_000 }, async () => {
      const person = await stack.signIn('person');
      const { game_id } = await person.lobby.game.create({
        game_type: 'public',
        game_name: 'Evening game',
        min_players: 2,
        max_players: 2,
        enrollment_ends_at: new Date(Date.now() + 3_600_000).toISOString(),
        turn_seconds: 60,
        engine_family: 'four-in-a-row',
        target_engine_version: '1.0.0',
      });
      await person.lobby.game.openEnrollment({ game_id });
      await person.lobby.application.submit({ game_id, race_name: 'Person' });
      const events = person.events();
      await events.next();
      const bot = start('bot.mjs', 'bot@example.com', 'Evening game');
      for await (const item of events) {
        if (item.kind !== 'event' || item.eventType !== 'lobby.application.submitted') continue;
        const { application_id } = item.payload;
        await person.lobby.application.approve({ application_id });
        break;
      }
      await person.lobby.game.start({ game_id });
      const game = person.game(game_id);
      await game.onTurn(async ({ status, awaiting, your_seat, turn }) => {
        if (status !== 'open' || your_seat === null || !awaiting.includes(your_seat)) return;
        const { view } = await game.view();
        const { board, rows } = view as { board: number[][]; rows: number };
        const column = board.findIndex((discs) => discs.length < rows) + 1;
        await game.submit({ turn, orders: { column }, ready: true });
      });
      expect([await bot.ended, bot.output()]).toEqual([
        [0, null],
        expect.stringMatching(/turn \d+: a disc into column \d[\s\S]*over: \{"kind"/),
      ]);
    });

    it('has types that a strict project takes', async () => {
      await writeFile(
        join(project.folder, 'typed.mts'),
        `import { createGalaxyClient, memoryKeys } from '@galaxy-games/client';
const client = createGalaxyClient({ gateway: { httpUrl: '', grpcAddr: '' }, keys: await memoryKeys() });
const { items } = await client.lobby.game.listMine({ waiting_for_me: true });
const id: string | undefined = items[0]?.game_id;
// @ts-expect-error: there is no such field
await client.lobby.game.get({ game: id });
for await (const item of client.events()) {
  if (item.kind === 'event' && item.eventType === 'lobby.game.turn_advanced') item.payload.awaited satisfies boolean;
}
`,
      );
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2024,dom,dom.iterable'];
      const checked = run(
        join(tools, 'tsc'),
        [...options, '--module', 'nodenext', '--ignoreConfig', 'typed.mts'],
        { cwd: project.folder },
      ).catch((error: { stdout: string }) => error);
      expect((await checked).stdout).toBe('');
    });

    it('has no complaint of publint', async () => {
      await run(join(tools, 'publint'), ['--strict', project.packageFolder]);
    });

    it('has no complaint of attw', async () => {
      await run(join(tools, 'attw'), ['--profile', 'esm-only', '--no-emoji', project.tarball]);
    });
  });
}
