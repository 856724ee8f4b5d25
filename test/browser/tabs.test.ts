// Tabs that share one event stream: the client package alone on a blank page, in as many tabs as a test says, at a real
// gateway with the real push service.
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import type * as client from '../../lib/client/browser.ts';
import { runGateway } from '../../workers/gateway.ts';
import { TestPushLog } from '../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../support/backend/push-process.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { startTestGateway, type TestGateway } from '../support/gateway/gateway.ts';
import { scrape } from '../support/telemetry/prometheus-text.ts';

const testLog = new TestPushLog();
const waiting = { timeout: 30_000, interval: 50 };

let folder: string;
let push: TestPush;
let adminAddr: string;
let gateway: TestGateway;
let browser: Browser;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-tabs-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><script src="assets/galaxy.js"></script>');
  await build({
    entryPoints: [join(import.meta.dirname, '..', '..', 'lib', 'client', 'browser.ts')],
    outfile: join(folder, 'assets', 'galaxy.js'),
    bundle: true,
    format: 'iife',
    globalName: 'galaxy',
  });
  push = await startTestPush(testLog.server);
  adminAddr = `127.0.0.1:${await freePort()}`;
  const environment = {
    GATEWAY_BACKEND_GRPC_ADDR: push.addr,
    GATEWAY_ADMIN_HTTP_ADDR: adminAddr,
    GATEWAY_APP_FOLDER: folder,
    GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: 'off',
    // A second stream would end the first.
    GATEWAY_MAX_STREAMS_PER_SESSION: '1',
  };
  [gateway, browser] = await Promise.all([
    startTestGateway(environment, runGateway, 'Connect'),
    launchChromium(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.[Symbol.asyncDispose]();
  await push?.stop();
  await rm(folder, { recursive: true, force: true });
});

let context: BrowserContext;
let session: client.Session;
let privateKey: string;
/** The page that opened the last stream at the gateway. */
let leader: Page | undefined;
let opened: number;
beforeEach(async () => {
  const key = generateKeyPairSync('ed25519').privateKey;
  ({ session } = gateway.newClient('active', { key }));
  privateKey = key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  context = await browser.newContext();
  leader = undefined;
  opened = 0;
});
afterEach(() => context.close());

type Seen = { hellos: boolean[]; events: string[]; failure: string | undefined };

/**
 * Opens a tab that follows the session's events.
 * @param options.from the last event that it has handled. @param options.lost which events of the leader never reach it.
 */
async function openTab({ from, lost = [] }: { from?: string; lost?: number[] } = {}): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(loseEvents, lost);
  page.on('request', (request) => {
    if (!request.url().endsWith('/SubscribeEvents')) return;
    leader = page;
    opened += 1;
  });
  await page.goto(gateway.webUrl);
  await follow(page, from);
  return page;
}

/** In the page, before its scripts run. */
function loseEvents(lost: readonly number[]): void {
  const own = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'onmessage') as PropertyDescriptor;
  let count = 0;
  Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
    set(receive: ((message: MessageEvent) => void) | null) {
      own.set?.call(this, (message: MessageEvent) => {
        const isLost = message.data.kind === 'event' && lost.includes(++count);
        if (!isLost) receive?.(message);
      });
    },
  });
}

function follow(page: Page, from: string | undefined): Promise<void> {
  return page.evaluate(
    async ({ pkcs8, own, lastEventId }) => {
      const { galaxy } = globalThis as unknown as { galaxy: typeof client };
      const bytes = Uint8Array.from(atob(pkcs8), (character) => character.charCodeAt(0));
      const key = await crypto.subtle.importKey('pkcs8', bytes, 'Ed25519', false, ['sign']);
      const keys = {
        publicKey: new Uint8Array(32),
        session: own,
        sign: async (signed: Uint8Array<ArrayBuffer>) =>
          new Uint8Array(await crypto.subtle.sign('Ed25519', key, signed)),
        bind: async () => {},
      };
      const galaxyClient = galaxy.createGalaxyClient({ gateway: location.origin, keys });
      const seen: Seen = { hellos: [], events: [], failure: undefined };
      Object.assign(globalThis, { seen });
      const collect = async () => {
        for await (const item of galaxyClient.events(lastEventId === undefined ? {} : { lastEventId })) {
          if (item.kind === 'hello') seen.hellos.push(item.resumed);
          else seen.events.push(item.eventId);
        }
      };
      void collect().catch((error: unknown) => {
        seen.failure = String(error);
      });
    },
    { pkcs8: privateKey, own: session, lastEventId: from },
  );
}

const seenIn = (page: Page): Promise<Seen> =>
  page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);

/** Until a tab has begun to follow. */
const untilGreeted = (page: Page) =>
  vi.waitFor(async () => expect((await seenIn(page)).hellos.length).toBeGreaterThan(0), waiting);

async function openTabs(count: number): Promise<Page[]> {
  const pages = [];
  for (let index = 0; index < count; index += 1) pages.push(await openTab());
  for (const page of pages) await untilGreeted(page);
  return pages;
}

/** Appends events. @returns their ids. */
async function append(count: number): Promise<string[]> {
  const ids = [];
  for (let index = 0; index < count; index += 1) {
    ids.push((await testLog.append(session.userId)).eventId);
  }
  return ids;
}

/** Until every tab has each event, once and in order, and was never told to reload after its first hello. */
async function untilAllHave(pages: readonly Page[], events: readonly string[]): Promise<void> {
  for (const page of pages) {
    await vi.waitFor(async () => {
      const seen = await seenIn(page);
      expect(seen.failure).toBeUndefined();
      expect(seen.events).toEqual(events);
      expect(seen.hellos.slice(1)).not.toContain(false);
    }, waiting);
  }
}

async function openStreamsAre(count: number): Promise<void> {
  const open = async () => (await scrape(`http://${adminAddr}/metrics`)).value('galaxy_gateway_streams_open');
  await vi.waitFor(async () => expect(await open()).toBe(count), waiting);
}

function leading(): Page {
  if (leader === undefined) throw new Error('no tab has opened a stream');
  return leader;
}

it('ten tabs have one stream, also when the one that leads is closed or crashes while events come', async () => {
  let tabs = await openTabs(10);
  expect(opened).toBe(1);
  await openStreamsAre(1);
  const events = await append(20);
  await untilAllHave(tabs, events);

  const closed = leading();
  tabs = tabs.filter((page) => page !== closed);
  const [more] = await Promise.all([append(40), closed.close()]);
  events.push(...more);
  await untilAllHave(tabs, events);
  expect([opened, leading() !== closed]).toEqual([2, true]);
  await openStreamsAre(1);

  const crashed = leading();
  tabs = tabs.filter((page) => page !== crashed);
  const crash = crashed.waitForEvent('crash');
  const devTools = await context.newCDPSession(crashed);
  // It is never told that it was done.
  void devTools.send('Page.crash').catch(() => {});
  const [last] = await Promise.all([append(40), crash]);
  events.push(...last);
  await untilAllHave(tabs, events);
  await openStreamsAre(1);
}, 120_000);

it('a tab that hears nothing of the leader takes over, and the one that was frozen goes on as one of the others', async () => {
  const tabs = await openTabs(3);
  const frozen = leading();
  const devTools = await context.newCDPSession(frozen);
  await devTools.send('Debugger.enable');
  await devTools.send('Debugger.pause');
  const events = await append(3);
  const others = tabs.filter((page) => page !== frozen);
  await untilAllHave(others, events);
  expect(leading()).not.toBe(frozen);

  await devTools.send('Debugger.resume');
  events.push(...(await append(3)));
  await untilAllHave(tabs, events);
  await openStreamsAre(1);
}, 120_000);

it('a tab that has missed events gets them from the leader, also the last one', async () => {
  const first = await openTab();
  await untilGreeted(first);
  const lossy = await openTab({ lost: [2, 3, 6] });
  await untilGreeted(lossy);
  const events = await append(6);
  await untilAllHave([first, lossy], events);
  expect(opened).toBe(1);
});

it('a tab that comes later goes on where it was, or is told to reload when the leader does not know that', async () => {
  const before = await append(2);
  const first = await openTab();
  await untilGreeted(first);
  const events = await append(3);
  await untilAllHave([first], events);
  const [knows, doesNot, isNew] = [
    await openTab({ from: events[0] ?? '' }),
    await openTab({ from: before[0] ?? '' }),
    await openTab(),
  ];
  await untilAllHave([knows], events.slice(1));
  for (const tab of [doesNot, isNew]) await untilGreeted(tab);
  events.push(...(await append(1)));
  await untilAllHave([knows], events.slice(1));
  await untilAllHave([doesNot, isNew], events.slice(3));
  const hellos = [knows, doesNot, isNew].map(async (page) => (await seenIn(page)).hellos);
  expect(await Promise.all(hellos)).toEqual([[true], [false], [false]]);
  expect(opened).toBe(1);
});

it('a tab takes no event that the gateway has not signed', async () => {
  const first = await openTab();
  await untilGreeted(first);
  const other = await openTab();
  await untilGreeted(other);
  const events = await append(1);
  await untilAllHave([first, other], events);
  await first.evaluate(
    async ({ name, last }) => {
      const { keys } = await (await fetch('/api/v1/public/auth/server-keys')).json();
      const bytes = new Uint8Array(64);
      const message = {
        eventType: 'lobby.application.approved',
        eventId: `${last}z`,
        prevEventId: last,
        recipientUserId: '',
        timestampMs: 0n,
        traceId: '',
        payloadBytes: bytes,
        payloadHash: bytes,
        signature: bytes,
        keyId: keys[0].key_id,
      };
      new BroadcastChannel(name).postMessage({ kind: 'event', message });
    },
    { name: `galaxy-client.events-1.${session.deviceSessionId}`, last: events[0] ?? '' },
  );
  await vi.waitFor(async () => expect((await seenIn(other)).failure).toContain('valid signature'), waiting);
  expect((await seenIn(other)).events).toEqual(events);
});
