// A folder of files for browsers, read once at start: no request touches the disk. Text is compressed here, once.
import { constants } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import { OperatorError } from '../../errors/operator-error.ts';
import { sha256 } from '../sha256.ts';

const maxFolderBytes = 32 * 1024 * 1024;

/** Smaller files fit into one packet anyway. */
const minCompressedBytes = 512;

const names = /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/;

/** `name-XXXXXXXX.js`: the name changes with the content, as esbuild has it. */
const hashedName = /-[A-Z2-7]{8}\.[a-z0-9]+$/;

const text = (type: string) => ({ type, compressible: true });
const binary = (type: string) => ({ type, compressible: false });

const types: ReadonlyMap<string, { type: string; compressible: boolean }> = new Map([
  ['html', text('text/html; charset=utf-8')],
  ['js', text('text/javascript; charset=utf-8')],
  ['css', text('text/css; charset=utf-8')],
  ['svg', text('image/svg+xml')],
  ['json', text('application/json')],
  ['webmanifest', text('application/manifest+json')],
  ['txt', text('text/plain; charset=utf-8')],
  ['png', binary('image/png')],
  ['jpg', binary('image/jpeg')],
  ['webp', binary('image/webp')],
  ['avif', binary('image/avif')],
  ['ico', binary('image/x-icon')],
]);

export type Encoding = 'br' | 'gzip' | 'identity';
export type Representation = { readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string };
export type StaticFile = {
  readonly type: string;
  /** Whether its name changes with its content. */
  readonly hashed: boolean;
  /** Those that are worth their bytes; `identity` is always there. */
  readonly representations: ReadonlyMap<Encoding, Representation>;
};

/** By path in the folder, such as `assets/app-5KQX2A7M.js`. */
export type StaticFolder = ReadonlyMap<string, StaticFile>;

/** @throws OperatorError when the folder has what cannot be served, or too much. */
export async function readStaticFolder(folder: string): Promise<StaticFolder> {
  const paths = await pathsIn(folder);
  let total = 0;
  for (const path of paths) {
    total += (await lstat(join(folder, path))).size;
    if (total > maxFolderBytes) {
      throw new OperatorError(`${folder} has more than ${maxFolderBytes / 1024 / 1024} MiB of files`);
    }
  }
  const files = new Map<string, StaticFile>();
  for (const path of paths) files.set(path, await readStaticFile(folder, path));
  return files;
}

async function pathsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: Error) => {
    throw new OperatorError(`${folder} cannot be read: ${error.message}`, { cause: error });
  });
  const problems: string[] = [];
  const paths: string[] = [];
  for (const entry of entries) {
    const path = relative(folder, join(entry.parentPath, entry.name));
    const problem = problemWith(entry);
    if (problem !== undefined) problems.push(`${join(folder, path)} ${problem}`);
    else if (entry.isFile()) paths.push(path);
  }
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
  return paths.sort();
}

function problemWith(entry: { name: string; isFile(): boolean; isDirectory(): boolean }): string | undefined {
  if (!names.test(entry.name)) {
    return 'needs a name of letters, digits, "_", ".", "+" and "-" that begins with a letter, a digit or "_"';
  }
  if (entry.isDirectory()) return undefined;
  if (!entry.isFile()) return 'is neither a regular file nor a folder';
  if (types.has(extensionOf(entry.name))) return undefined;
  return `has no known type; files end with ${[...types.keys()].map((type) => `.${type}`).join(', ')}`;
}

async function readStaticFile(folder: string, path: string): Promise<StaticFile> {
  // A symbolic link that took the place of the file since is not followed.
  const bytes = await readFile(join(folder, path), { flag: constants.O_RDONLY | constants.O_NOFOLLOW });
  const { type, compressible } = types.get(extensionOf(path)) ?? binary('application/octet-stream');
  const name = sha256(bytes).toString('base64url').slice(0, 22);
  const representations = new Map<Encoding, Representation>([['identity', { bytes, etag: `"${name}"` }]]);
  if (compressible && bytes.length >= minCompressedBytes) {
    for (const [encoding, compressed] of await compress(bytes)) {
      if (compressed.length < bytes.length) {
        representations.set(encoding, { bytes: compressed, etag: `"${name}-${encoding}"` });
      }
    }
  }
  return { type, hashed: hashedName.test(path), representations };
}

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

async function compress(bytes: Uint8Array): Promise<[Encoding, Uint8Array<ArrayBuffer>][]> {
  const [br, gzipped] = await Promise.all([
    // The best quality, 11, takes ten times as long for a few per cent.
    brotli(bytes, {
      params: { [zlib.BROTLI_PARAM_QUALITY]: 9, [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
    zip(bytes, { level: 9 }),
  ]);
  return [
    ['br', br],
    ['gzip', gzipped],
  ];
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
