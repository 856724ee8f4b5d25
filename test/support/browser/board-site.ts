// The gateway's static files in a listener of their own: a page that shows boards as the app does, the boards of the
// example games, and boards that a test writes.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';
import { buildBoards } from '../../../infra/web/build-boards.ts';
import { buildPage } from '../../../infra/web/build-page.ts';
import {
  readAppFolder,
  readBoardsFolder,
  serveStaticSite,
} from '../../../lib/gateway/static-files/static-site.ts';
import { listenHttp } from '../../../lib/node/http-listener.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';

export type BoardSite = { readonly url: string; close(): Promise<void> };

/** @param files of boards, by their path under /boards/. */
export async function openBoardSite(files: Readonly<Record<string, string>> = {}): Promise<BoardSite> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-boards-'));
  const boards = join(folder, 'boards');
  await buildBoards(boards);
  const source = join(import.meta.dirname, 'frame-host');
  const page = await buildPage(source, { entries: ['host.ts', 'host.css'], assets: 'assets' });
  const written = [
    ...page.map(({ name, contents }) => [join(folder, 'app', name), contents] as const),
    ...Object.entries(files).map(([path, text]) => [join(boards, path), text] as const),
  ];
  for (const [path, contents] of written) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
  const serve = serveStaticSite({
    app: await readAppFolder(join(folder, 'app')),
    boards: await readBoardsFolder(boards),
  });
  const app = new Hono();
  app.get('*', (c, next) => {
    const response = serve(c.req.raw);
    return response === undefined ? next() : Promise.resolve(response);
  });
  const timeouts = { readHeaderTimeoutMs: 5_000, readTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
  const log = createLogger({ service: 'test', level: 'silent' });
  const listener = await listenHttp(app, { host: '127.0.0.1', port: 0 }, timeouts, log);
  return {
    url: `http://127.0.0.1:${listener.port}`,
    async close() {
      await listener.close(2_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
