// The client package in a browser: bundled from its tarball as an app would, loaded by Chromium from the origin of the
// web listener, with keys in IndexedDB.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mailedCode } from '../../support/client/mailed-code.ts';
import type { PackageProject } from '../../support/client/package-project.ts';
import type { TestStack } from '../../support/run/stack.ts';

const chromium = '/usr/bin/chromium';
/** Measured at 44 kB, most of it Connect and protobuf. */
const largestBundle = 55_000;

/** Signs in the first time; reads its account; hears of its own game. Reports what it did, or why it could not. */
const app = `
import { browserKeys, createGalaxyClient, storedSessions } from '@galaxy-games/client';
const report = (outcome) => fetch('/test/report', { method: 'POST', body: JSON.stringify(outcome) });
const storedKey = () => new Promise((resolve) => {
  const opening = indexedDB.open('galaxy-client');
  opening.onsuccess = () => {
    const reading = opening.result.transaction('sessions').objectStore('sessions').getAll();
    reading.onsuccess = () => resolve(reading.result[0].pair.privateKey);
  };
});
try {
  const keys = await browserKeys();
  const isNew = keys.session === undefined;
  const client = createGalaxyClient({ gateway: location.origin, keys });
  if (isNew) {
    const code = async (challengeId) => (await fetch('/test/code?' + challengeId)).text();
    await client.signIn('browser@example.com', { deviceName: 'browser', code });
  }
  const events = client.events();
  const hello = (await events.next()).value.kind;
  const { game_id } = await client.lobby.game.create({
    game_type: 'public', game_name: 'From a browser', min_players: 2, max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 3_600_000).toISOString(), turn_seconds: 60,
    target_engine_version: '1.0.0',
  });
  await client.lobby.game.openEnrollment({ game_id });
  await client.lobby.game.cancel({ game_id });
  // The one about the new session may come first.
  let heard;
  do heard = (await events.next()).value; while (heard.eventType === 'user.session.created');
  const { eventType, payload } = heard;
  const refused = await client.lobby.game.start({ game_id }).catch(({ name, code }) => [name, code]);
  const { user_id } = await client.user.account.get();
  const exported = await storedKey().then((key) => crypto.subtle.exportKey('pkcs8', key)).catch(({ name }) => name);
  await report({ exported, isNew, isStored: keys.isStored, sessions: (await storedSessions()).length, hello,
    heard: [eventType, payload.game_id === game_id], refused,
    isOwn: user_id === client.session.userId });
} catch (error) {
  await report({ failed: String(error), stack: error.stack });
}
`;

/** As a browser whose person lets pages store nothing. */
const refuseStorage = `<script>
const refuse = () => { throw new DOMException('The page may store nothing.', 'SecurityError'); };
indexedDB.open = refuse;
Object.defineProperty(globalThis, 'sessionStorage', { get: refuse });
</script>`;

let stack: TestStack;
let script: Uint8Array;
let profile: string;
const closers: (() => unknown)[] = [];

type Origin = {
  url: string;
  /** What the page reports next. */
  reported: () => Promise<unknown>;
};

/** The app's page and the test's own routes; everything else is the gateway's. */
async function serveApp(): Promise<Origin> {
  let reported = Promise.withResolvers<unknown>();
  const page = (head: string) => (_: IncomingMessage, response: ServerResponse) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`${head}<script type="module" src="/test/app.js"></script>`);
  const routes: Record<string, (incoming: IncomingMessage, response: ServerResponse) => unknown> = {
    '/': page(''),
    '/test/stores-nothing': page(refuseStorage),
    '/test/app.js': (_, response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script),
    '/test/code': async ({ url = '' }, response) =>
      response.end(await mailedCode(stack, url.split('?')[1] ?? '')),
    '/test/report': async (incoming, response) => {
      reported.resolve(JSON.parse(await text(incoming)));
      reported = Promise.withResolvers();
      response.end();
    },
  };
  const server = createServer((incoming, response) => {
    const route = routes[(incoming.url ?? '').split('?')[0] ?? ''] ?? passOn;
    route(incoming, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, reported: () => reported.promise };
}

function passOn(incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = incoming;
  const { host, port } = stack.listeners.gatewayWeb;
  const outgoing = request({ host, port, method, path: url, headers }, (received) => {
    response.writeHead(received.statusCode ?? 502, received.headers);
    received.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

/** Opens the app in a browser with the test's profile. @returns what it reports. */
async function runApp({ url, reported }: Origin): Promise<unknown> {
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    '--no-first-run',
    `--user-data-dir=${profile}`,
  ];
  const browser = spawn(chromium, [...options, url], { stdio: 'ignore' });
  const ended = once(browser, 'exit');
  try {
    return await Promise.race([
      reported(),
      ended.then(([code]) => {
        throw new Error(`the browser ended with ${code}`);
      }),
    ]);
  } finally {
    browser.kill();
    await ended;
  }
}

const did = {
  hello: 'hello',
  heard: ['lobby.game.cancelled', true],
  refused: ['CommandError', 'invalid_state'],
  isOwn: true,
};

export function describeBrowser(running: () => { stack: TestStack; project: PackageProject }): void {
  describe('the package in a browser', () => {
    beforeAll(async () => {
      stack = running().stack;
      profile = await mkdtemp(join(tmpdir(), 'galaxy-test-chromium-'));
      const { outputFiles } = await build({
        stdin: { contents: app, resolveDir: running().project.folder },
        bundle: true,
        minify: true,
        write: false,
        format: 'esm',
        platform: 'browser',
      });
      script = outputFiles[0]?.contents ?? new Uint8Array();
    });
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close();
    });
    // Chromium writes into it while it ends.
    afterAll(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }));

    it(`has at most ${largestBundle} bytes`, () => {
      expect(script.length).toBeGreaterThan(10_000);
      expect(gzipSync(script).length).toBeLessThan(largestBundle);
    });

    it.skipIf(!existsSync(chromium))(
      'signs in, runs commands, follows events, and keeps its keys, which no script can read, when the page is opened again',
      { timeout: 120_000 },
      async () => {
        const origin = await serveApp();
        const kept = { ...did, isStored: true, sessions: 1, exported: 'InvalidAccessError' };
        expect(await runApp(origin)).toEqual({ isNew: true, ...kept });
        expect(await runApp(origin)).toEqual({ isNew: false, ...kept });
      },
    );

    it.skipIf(!existsSync(chromium))(
      'works with keys in memory where the browser refuses to store any, and says so',
      { timeout: 120_000 },
      async () => {
        const { url, reported } = await serveApp();
        const outcome = await runApp({ url: `${url}test/stores-nothing`, reported });
        const lost = { isStored: false, sessions: 0, exported: 'SecurityError' };
        expect(outcome).toEqual({ isNew: true, ...did, ...lost });
      },
    );
  });
}
