// docs/web.md: the script that it shows, run as it says.
import { execFile, spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { TestClient } from '../../support/gateway/test-client.ts';

const page = readFileSync(new URL('../../../docs/web.md', import.meta.url), 'utf8');
const run = promisify(execFile);
/** Not on every machine; .ci/run installs it. */
const hasCurl = spawnSync('curl', ['--version']).status === 0;

let folder: string;
let gateway: TestGateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-web-page-'));
  gateway = await startTestGateway();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it.skipIf(!hasCurl)('signs a command and prints a curl line that works', async () => {
  const [, script = ''] = /```js\n(.+?)```/s.exec(page) ?? [];
  expect(script.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(20);
  await writeFile(join(folder, 'sign.mjs'), script);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const session = { deviceSessionId: randomUUID(), userId: randomUUID() };
  const client = new TestClient(gateway, createPrivateKey(readFileSync(join(folder, 'key.pem'))), session);
  gateway.backend.answer = json(200, {
    device_session_id: session.deviceSessionId,
    user_id: session.userId,
    status: 'active',
    client_public_key: Buffer.from(client.publicKey).toString('base64'),
  });
  client.close();
  gateway.lobby.answer = json(200, { items: ['a game'] });

  const [, command = ''] = /```sh\nnode sign\.mjs (.+)\n```/.exec(page) ?? [];
  const [, , , messageType = '', payload = ''] = command.split(' ');
  const args = [gateway.webUrl, session.deviceSessionId, 'key.pem', messageType, payload.replaceAll("'", '')];
  const { stdout: curl } = await run(process.execPath, ['sign.mjs', ...args], { cwd: folder });
  expect(curl).toMatch(/^curl /);
  const { stdout } = await run('sh', ['-c', curl]);
  const { resultCode, payloadBytes } = JSON.parse(stdout);
  expect([resultCode, JSON.parse(Buffer.from(payloadBytes, 'base64').toString())]).toEqual([
    'ok',
    { items: ['a game'] },
  ]);
});
