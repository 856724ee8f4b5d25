import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { backendVariables, mailWorkerVariables } from '../../../lib/backend/config.ts';
import { pushVariables } from '../../../lib/backend/push/config.ts';
import { listVariables } from '../../../lib/config/variables.ts';
import { consoleVariables } from '../../../lib/console/config.ts';
import { gameMasterVariables } from '../../../lib/game-master/config.ts';
import { gatewayVariables } from '../../../lib/gateway/config.ts';
import { lobbyVariables } from '../../../lib/lobby/config.ts';
import { readSecretFiles } from '../../../lib/node/secret-files.ts';
import { runtimeManagerVariables } from '../../../lib/runtime-manager/config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'galaxy-secret-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

it('puts the values of files in place of their names', () => {
  const read = readSecretFiles({
    GATEWAY_REDIS_ADDR: 'redis:6379',
    GATEWAY_REDIS_PASSWORD_FILE: file('password', ' hunter2 \n'),
    LOBBY_PUBLIC_HTTP_CALLERS_FILE: file('callers', '[\n{}\n]\n'),
    BACKEND_SMTP_URL_FILE: file('smtp', 'smtp://mail'),
    GM_LOBBY_TOKEN: 'token',
    GM_LOBBY_TOKEN_FILE: '',
  });
  expect(read).toMatchObject({
    GATEWAY_REDIS_ADDR: 'redis:6379',
    GATEWAY_REDIS_PASSWORD: ' hunter2 ',
    LOBBY_PUBLIC_HTTP_CALLERS: '[\n{}\n]',
    BACKEND_SMTP_URL: 'smtp://mail',
    GM_LOBBY_TOKEN: 'token',
  });
  expect(Object.keys(read)).not.toContain('GATEWAY_REDIS_PASSWORD_FILE');
});

it('leaves variables alone that name a file of another kind', () => {
  const environment = { LOBBY_ENGINES_FILE: '/no/such/file', AWS_TOKEN_FILE: '/no/such/file' };
  expect(readSecretFiles(environment)).toEqual(environment);
});

it('says everything that is wrong at once, and no secret', () => {
  const twice = { GM_LOBBY_TOKEN: 'hunter2', GM_LOBBY_TOKEN_FILE: file('token', 'hunter3') };
  const large = { BACKEND_CODE_HMAC_KEY_FILE: file('large', 'x'.repeat(65_537)) };
  const missing = { CONSOLE_GM_TOKEN_FILE: join(folder, 'missing') };
  const problems = () => readSecretFiles({ ...twice, ...large, ...missing });
  expect(problems).toThrow('GM_LOBBY_TOKEN_FILE: GM_LOBBY_TOKEN is set, too; leave one of them out');
  expect(problems).toThrow(/BACKEND_CODE_HMAC_KEY_FILE: \S+large has more than 65536 bytes/);
  expect(problems).toThrow(/CONSOLE_GM_TOKEN_FILE: it cannot be read: ENOENT/);
  expect(problems).not.toThrow(/hunter/);
});

const services = [
  backendVariables,
  consoleVariables,
  gameMasterVariables,
  gatewayVariables,
  lobbyVariables,
  mailWorkerVariables,
  pushVariables,
  runtimeManagerVariables,
];
const secrets = services.flatMap(listVariables).filter(({ secret }) => secret);

test.each([...new Set(secrets.map(({ name }) => name))])('%s may be in a file', (name) => {
  expect(readSecretFiles({ [`${name}_FILE`]: file('one', 'its value') })).toEqual({ [name]: 'its value' });
});
