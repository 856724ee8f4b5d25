// The app and the boards as files, served by a real listener from real folders.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readAppFolder,
  readBoardsFolder,
  serveStaticSite,
} from '../../../lib/gateway/static-files/static-site.ts';
import { type Listener, listenHttp } from '../../../lib/node/http-listener.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { exchangeRaw } from '../../support/network/raw-http.ts';

const script = 'console.log("a script of some length");\n'.repeat(100);
const page = '<!doctype html><title>Galaxy</title>';

let root: string;
let url: string;
let host: string;
let listener: Listener;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'galaxy-static-'));
  await writeFiles('app', { 'index.html': page, 'assets/app-5KQX2A7M.js': script, 'icon.png': 'png' });
  await writeFiles('boards', {
    'chess/1.0.0/index.html': '<!doctype html><title>Chess</title>',
    'chess/1.0.0/board.js': script,
    'chess/1.0.0+beta.2/index.html': '<!doctype html><title>Chess</title>',
  });
  await writeFile(join(root, 'secret.txt'), 'secret');
  const files = serveStaticSite({
    app: await readAppFolder(join(root, 'app')),
    boards: await readBoardsFolder(join(root, 'boards')),
  });
  const app = new Hono();
  app.get('*', (c, next) => {
    const response = files(c.req.raw);
    return response === undefined ? next() : Promise.resolve(response);
  });
  const log = createLogger({ service: 'test', level: 'silent' });
  const timeouts = { readHeaderTimeoutMs: 5_000, readTimeoutMs: 5_000, idleTimeoutMs: 500 };
  listener = await listenHttp(app, { host: '127.0.0.1', port: 0 }, timeouts, log);
  host = `127.0.0.1:${listener.port}`;
  url = `http://${host}`;
});
afterAll(async () => {
  await listener.close(1_000);
  await rm(root, { recursive: true, force: true });
});

async function writeFiles(folder: string, files: Record<string, string>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, folder, path)), { recursive: true });
    await writeFile(join(root, folder, path), content);
  }
  return join(root, folder);
}

/** Without what `fetch` adds and undoes by itself. @returns status, headers and body as they were sent. */
async function exchange(target: string, headers: Record<string, string> = {}, method = 'GET') {
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const received = await exchangeRaw(
    url,
    `${method} ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n`,
  );
  const [head = '', body = ''] = received.split(/\r\n\r\n(.*)/s);
  return { status: Number(head.split(' ')[1]), body };
}

describe('a file', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ['/assets/app-5KQX2A7M.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/icon.png', 'image/png', 'no-cache'],
    ['/boards/chess/1.0.0/', 'text/html; charset=utf-8', 'no-cache'],
    ['/boards/chess/1.0.0/board.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/boards/chess/1.0.0+beta.2/index.html', 'text/html; charset=utf-8', 'no-cache'],
  ])('%s has its type and says how long to keep it', async (path, type, caching) => {
    const response = await fetch(url + path);
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('cache-control'),
    ]).toEqual([200, type, caching]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip;q=1, br;q=0', 'gzip', gunzipSync],
    ['identity', null, (bytes: Buffer) => bytes],
    ['br;q=0, *', null, (bytes: Buffer) => bytes],
  ])('is sent to a client that accepts "%s" as %s', async (accepted, encoding, decompress) => {
    const site = serveStaticSite({ app: await readAppFolder(join(root, 'app')), boards: new Map() });
    const request = new Request(`${url}/assets/app-5KQX2A7M.js`, {
      headers: { 'Accept-Encoding': accepted },
    });
    const response = site(request);
    const bytes = Buffer.from((await response?.arrayBuffer()) ?? new ArrayBuffer());
    expect(response?.headers.get('content-encoding')).toBe(encoding);
    expect(response?.headers.get('vary')).toBe('Accept-Encoding');
    expect(response?.headers.get('content-length')).toBe(String(bytes.length));
    expect(decompress(bytes).toString()).toBe(script);
  });

  it('has a strong ETag for each encoding, and 304 for who has it', async () => {
    const path = `${url}/assets/app-5KQX2A7M.js`;
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(async (encoding) => {
        const { headers } = await fetch(path, { headers: { 'Accept-Encoding': encoding } });
        return headers.get('etag') ?? '';
      }),
    );
    expect(new Set(tags).size).toBe(3);
    const [br = ''] = tags;
    for (const known of [br, `W/${br}`, `"other", ${br}`, '*']) {
      const headers = { 'Accept-Encoding': 'br', 'If-None-Match': known };
      const response = await fetch(path, { headers });
      expect([known, response.status, response.headers.get('etag')]).toEqual([known, 304, br]);
    }
    const other = await fetch(path, { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': br } });
    expect(other.status).toBe(200);
  });

  it('has no body in the response to HEAD, and the headers of GET', async () => {
    const [got, head] = await Promise.all([fetch(`${url}/`), fetch(`${url}/`, { method: 'HEAD' })]);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-length')).toBe(String(page.length));
    for (const name of ['etag', 'content-type', 'content-security-policy', 'cache-control']) {
      expect(head.headers.get(name)).toBe(got.headers.get(name));
    }
  });
});

describe('nothing but the files is served', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/boards/../secret.txt',
    '/boards/chess/../../../secret.txt',
    '/boards/chess/1.0.0/%2e%2e/%2e%2e/%2e%2e/secret.txt',
    '/boards//chess/1.0.0/index.html',
    '/boards/chess%2f1.0.0/index.html',
    '//index.html',
    '/index.html%00',
    '/index.html/',
    '/assets',
    '/assets/',
    '/boards',
    '/boards/',
    '/boards/chess/',
    '/boards/chess/1.0.0',
    '/INDEX.HTML',
    '/__proto__',
    '/constructor',
    '/boards/constructor',
    `/${'a'.repeat(10_000)}`,
    `/boards/${'../'.repeat(3_000)}etc/passwd`,
  ])('path %#', async (target) => {
    const { status, body } = await exchange(target);
    expect(status).toBe(404);
    expect(body).not.toContain('secret');
    expect(body).not.toContain('root:');
  });

  it.each(['/\0index.html', '/..\\secret.txt', `/${'a'.repeat(20_000)}`, 'index.html'])(
    'malformed path %#',
    async (target) => {
      const { status } = await exchange(target);
      expect([400, 404, 431]).toContain(status);
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('by %s', async (method) => {
    expect((await fetch(`${url}/index.html`, { method })).status).toBe(404);
  });

  it('under a host that a policy cannot name', async () => {
    for (const path of ['/', '/boards/chess/1.0.0/']) {
      expect((await exchange(path, { Host: '[::1]:8088' })).status).toBe(400);
      expect((await exchange(path, { Host: "a;script-src'x" })).status).toBe(400);
    }
  });
});

describe('policies', () => {
  it('keep everything out of the app but its own scripts, and its frames to boards', async () => {
    const { headers } = await fetch(url);
    expect(headers.get('content-security-policy')?.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${host}/assets/`,
      `frame-src ${host}/boards/`,
      "connect-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('give a board no origin, no network, and nothing but its own files', async () => {
    const own = `${host}/boards/chess/1.0.0/`;
    for (const path of ['/boards/chess/1.0.0/', '/boards/chess/1.0.0/board.js']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')?.split('; ')).toEqual([
        'sandbox allow-scripts',
        "default-src 'none'",
        `script-src ${own}`,
        `style-src ${own}`,
        `img-src ${own} data:`,
        "connect-src 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        `frame-ancestors ${host}`,
      ]);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('x-dns-prefetch-control')).toBe('off');
    }
  });

  it('leave a page that is not there no script, either', async () => {
    const { status, headers } = await fetch(`${url}/boards/chess/1.0.0/nothing.html`);
    expect(status).toBe(404);
    expect(headers.get('content-security-policy')).toContain("sandbox allow-scripts; default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("script-src 'none'");
  });
});

describe('a folder is refused', () => {
  it('when it has a symbolic link', async () => {
    const folder = await writeFiles('linked', { 'index.html': page });
    await symlink(join(root, 'secret.txt'), join(folder, 'link.txt'));
    await symlink(root, join(folder, 'all'));
    await expect(readAppFolder(folder)).rejects.toThrow(
      `${folder}/all is neither a regular file nor a folder\n${folder}/link.txt is neither`,
    );
  });

  it('when it has a pipe, which would never end', async () => {
    const folder = await writeFiles('piped', { 'index.html': page });
    await promisify(execFile)('mkfifo', [join(folder, 'pipe.js')]);
    await expect(readAppFolder(folder)).rejects.toThrow('pipe.js is neither a regular file');
  });

  it('when a file has no known type, or a name that a path cannot have', async () => {
    const folder = await writeFiles('unknown', { 'board.wasm': '', 'a b.js': '', '.env': '' });
    await expect(readAppFolder(folder)).rejects.toThrow(
      /\.env needs a name of letters.*\n.*a b\.js needs a name.*\n.*board\.wasm has no known type; files end with \.html, /,
    );
  });

  it('when it has more than 32 MiB', async () => {
    const folder = await writeFiles('large', { 'index.html': page, 'a.png': '' });
    await truncate(join(folder, 'a.png'), 32 * 1024 * 1024);
    await expect(readAppFolder(folder)).rejects.toThrow('more than 32 MiB of files');
  });

  it('when it is not there', async () => {
    await expect(readBoardsFolder(join(root, 'nothing'))).rejects.toThrow('cannot be read: ENOENT');
  });

  it('when the app has no page', async () => {
    const folder = await writeFiles('no-page', { 'assets/app.js': script });
    await expect(readAppFolder(folder)).rejects.toThrow(`${folder} has no index.html`);
  });

  it('when a board is not in a folder of its version, or has no page', async () => {
    const folder = await writeFiles('misplaced', {
      'index.html': page,
      'chess/index.html': page,
      'go/1.0.0/board.js': script,
    });
    await expect(readBoardsFolder(folder)).rejects.toThrow(
      [
        'chess/index.html is not in a folder <family>/<version>/',
        'go/1.0.0 has no index.html',
        'index.html is not in a folder <family>/<version>/',
      ].join('\n'),
    );
  });
});
