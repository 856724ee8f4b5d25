import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { localSecrets } from '../../../infra/local/secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('the secrets of a local stack are made once, for their owner only', async () => {
  const made = await localSecrets(folder);
  expect(await localSecrets(folder)).toEqual(made);
  expect((await stat(join(folder, 'keys', 'secrets.json'))).mode & 0o777).toBe(0o600);
});

it.each([
  'hunter2',
  '{"redisPassword": "hunter2" "serviceToken": 1}',
  '{"redisPassword": "hunter2"}',
  '{"redisPassword": "hunter2", "serviceToken": "hunter2\\n", "codeHmacKey": "hunter2"}',
])('a file of secrets that cannot be used is named, and nothing in it: %#', async (text) => {
  await localSecrets(folder);
  const file = join(folder, 'keys', 'secrets.json');
  await writeFile(file, text);
  const error = await localSecrets(folder).catch((thrown: Error) => thrown);
  expect(String(error)).toBe(`Error: ${file} cannot be used; delete it and start again.`);
});
