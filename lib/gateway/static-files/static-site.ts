// The app for players under /, and the boards of games under /boards/<family>/<version>/, with the headers that keep
// them apart: no file of a board can run in the app, and a board has no origin, reaches no network and no storage. See
// docs/boards.md.
import { parseAccept } from 'hono/utils/accept';
import { OperatorError } from '../../errors/operator-error.ts';
import { type Encoding, readStaticFolder, type StaticFile, type StaticFolder } from './static-folder.ts';

export type StaticSite = {
  readonly app: StaticFolder;
  /** By `<family>/<version>/<path>`. */
  readonly boards: StaticFolder;
};

const none: StaticFolder = new Map();

/** @throws OperatorError when the folder has what cannot be served. */
export async function readAppFolder(folder: string | undefined): Promise<StaticFolder> {
  if (folder === undefined) return none;
  const files = await readStaticFolder(folder);
  if (!files.has('index.html')) throw new OperatorError(`${folder} has no index.html`);
  return files;
}

/** @throws OperatorError when the folder has what cannot be served, or a board is not where it belongs. */
export async function readBoardsFolder(folder: string | undefined): Promise<StaticFolder> {
  if (folder === undefined) return none;
  const files = await readStaticFolder(folder);
  const problems = [...files.keys()].flatMap((path) => {
    const [, family, version] = boardPath.exec(path) ?? [];
    if (family === undefined) return [`${path} is not in a folder <family>/<version>/`];
    return files.has(`${family}/${version}/index.html`) ? [] : [`${family}/${version} has no index.html`];
  });
  if (problems.length > 0) throw new OperatorError(`${folder}: ${[...new Set(problems)].join('\n')}`);
  return files;
}

const boardPath = /^([a-z0-9-]+)\/([^/]+)\/./;
const boardsPrefix = '/boards/';

/**
 * @returns the response to a GET or HEAD; undefined for what is neither a file of the app nor under /boards/, and for
 *   other methods.
 */
export function serveStaticSite({ app, boards }: StaticSite): (request: Request) => Response | undefined {
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const { host, pathname } = new URL(request.url);
    // Paths are looked up as they are, so that an encoded or doubled slash finds nothing.
    if (pathname.startsWith(boardsPrefix)) {
      if (!cspHost.test(host)) return badHost();
      const path = filePath(pathname.slice(boardsPrefix.length));
      const file = boards.get(path);
      if (file === undefined) return notFound(boardHeaders(host, undefined));
      return respond(request, file, boardHeaders(host, path));
    }
    const file = app.get(filePath(pathname.slice(1)));
    if (file === undefined) return undefined;
    return cspHost.test(host) ? respond(request, file, appHeaders(host)) : badHost();
  };
}

/** What a Content Security Policy can name: a host name or an IPv4 address, with or without a port. */
const cspHost = /^[a-z0-9.-]+(:[0-9]+)?$/;

function badHost(): Response {
  return new Response('Open this page by a host name or an IPv4 address.', {
    status: 400,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  });
}

function notFound(headers: Record<string, string>): Response {
  const type = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' };
  return new Response('There is no such file.', { status: 404, headers: { ...headers, ...type } });
}

/** Of a folder, its page. */
function filePath(path: string): string {
  return path === '' || path.endsWith('/') ? `${path}index.html` : path;
}

/** Sources have no scheme: they are of the page's own one, which a proxy in front may have made https. */
function appHeaders(host: string): Record<string, string> {
  return {
    'Content-Security-Policy': policy([
      "default-src 'none'",
      `script-src ${host}/assets/`,
      `frame-src ${host}${boardsPrefix}`,
      "connect-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
  };
}

/** @param path of the file under /boards/; undefined when there is none. */
function boardHeaders(host: string, path: string | undefined): Record<string, string> {
  const [, family, version] = boardPath.exec(path ?? '') ?? [];
  const own = family === undefined ? "'none'" : `${host}${boardsPrefix}${family}/${version}/`;
  return {
    'Content-Security-Policy': policy([
      'sandbox allow-scripts',
      "default-src 'none'",
      `script-src ${own}`,
      `style-src ${own}`,
      `img-src ${family === undefined ? "'none'" : `${own} data:`}`,
      "connect-src 'none'",
      "form-action 'none'",
      "base-uri 'none'",
      `frame-ancestors ${host}`,
    ]),
    // A document without an origin may load its scripts.
    'Access-Control-Allow-Origin': '*',
    'X-Content-Type-Options': 'nosniff',
    'X-DNS-Prefetch-Control': 'off',
    'Referrer-Policy': 'no-referrer',
  };
}

const policy = (directives: readonly string[]) => directives.join('; ');

function respond(request: Request, file: StaticFile, headers: Record<string, string>): Response {
  const encoding = encodingFor(request, file);
  const representation = file.representations.get(encoding);
  if (representation === undefined) throw new TypeError('a static file has the encoding that was chosen');
  const { bytes, etag } = representation;
  const validated = {
    ...headers,
    ETag: etag,
    'Cache-Control': file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(file.representations.size > 1 && { Vary: 'Accept-Encoding' }),
  };
  if (hasETag(request.headers.get('if-none-match'), etag)) {
    return new Response(null, { status: 304, headers: validated });
  }
  return new Response(request.method === 'HEAD' ? null : bytes, {
    headers: {
      ...validated,
      'Content-Type': file.type,
      'Content-Length': String(bytes.length),
      ...(encoding !== 'identity' && { 'Content-Encoding': encoding }),
    },
  });
}

function encodingFor(request: Request, { representations }: StaticFile): Encoding {
  const accepted = parseAccept(request.headers.get('accept-encoding') ?? '');
  const accepts = (encoding: Encoding) => accepted.some(({ type, q }) => type === encoding && q > 0);
  return (['br', 'gzip'] as const).find((one) => representations.has(one) && accepts(one)) ?? 'identity';
}

/** `If-None-Match` compares weakly: proxies that compress mark tags as weak. */
function hasETag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, '')));
}
