import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyFile } from '../../../lib/client/key-file.ts';
import { importPublicKey, owned, verify } from '../../../lib/client/web-crypto.ts';

const session = { deviceSessionId: 'd', userId: 'u' };
const message = new TextEncoder().encode('message');
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-keys-'));
  path = join(folder, 'device.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a key file', () => {
  test('is made for its owner alone, and has the same key and session when it is read again', async () => {
    const made = await keyFile(path);
    expect(made.session).toBeUndefined();
    await made.bind(session);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['device.json']);

    const read = await keyFile(path);
    expect(read.session).toEqual(session);
    expect(read.publicKey).toEqual(made.publicKey);
    const key = await importPublicKey(made.publicKey);
    expect(await verify(key, message, await read.sign(owned(message)))).toBe(true);
  });

  test('that others can read is refused', async () => {
    await keyFile(path);
    await chmod(path, 0o640);
    await expect(keyFile(path)).rejects.toThrow(`chmod 600 ${path}`);
  });

  test.each([
    ['no JSON', '{', 'does not hold JSON'],
    ['no key', '{}', 'lacks private_key'],
  ])('that holds %s is refused, and stays as it is', async (_, text, problem) => {
    await writeFile(path, text, { mode: 0o600 });
    await expect(keyFile(path)).rejects.toThrow(problem);
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
