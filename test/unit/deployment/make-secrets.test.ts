import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { serviceCallers } from '../../../lib/operators/service-callers.ts';
import { root } from '../../support/run/deployed-processes.ts';
import { makeSecrets } from '../../support/run/made-secrets.ts';

const made = makeSecrets();
afterAll(() => rmSync(dirname(made.folder), { recursive: true }));

it('makes secrets that differ, in a folder that others of the machine cannot enter', () => {
  const { POSTGRES_DSN, OPERATOR_KEYS: _, ...others } = made.values;
  const random = Object.fromEntries(Object.entries(others).filter(([name]) => !name.endsWith('_CALLERS')));
  expect(new Set(Object.values(random)).size).toBe(7);
  for (const secret of Object.values(random)) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(POSTGRES_DSN).toContain(`:${made.values.POSTGRES_PASSWORD}@`);
  expect(statSync(made.folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(made.folder, 'secrets.env')).mode & 0o777).toBe(0o600);
});

it('names the callers of each listener by the hashes of their tokens', () => {
  const tokens = Object.entries(made.values).filter(([name]) => name.endsWith('_TOKEN'));
  const hashes = new Map(
    tokens.map(([name, token]) => [createHash('sha256').update(token).digest('hex'), name]),
  );
  const lists = Object.entries(made.values).filter(([name]) => name.endsWith('_CALLERS'));
  const named = lists.map(([name, text]) => [
    name,
    serviceCallers
      .parse(text)
      .map(({ caller, token_sha256, permissions }) => [
        caller,
        ...token_sha256.map((hash) => hashes.get(hash)),
        ...permissions,
      ]),
  ]);
  expect(Object.fromEntries(named)).toEqual({
    BACKEND_HTTP_CALLERS: [
      ['gateway', 'GATEWAY_TOKEN', 'users.act', 'users.sign_in', 'sessions.use'],
      ['lobby', 'LOBBY_TOKEN', 'users.eligibility'],
    ],
    BACKEND_ADMIN_HTTP_CALLERS: [['console', 'CONSOLE_TOKEN', 'operators.sign_in', 'operators.act']],
    BACKEND_PUSH_GRPC_CALLERS: [['gateway', 'GATEWAY_TOKEN', 'events.read']],
    LOBBY_PUBLIC_HTTP_CALLERS: [['gateway', 'GATEWAY_TOKEN', 'users.act']],
    LOBBY_INTERNAL_HTTP_CALLERS: [
      ['game-master', 'GAME_MASTER_TOKEN', 'games.play'],
      ['console', 'CONSOLE_TOKEN', 'operators.act'],
    ],
    GM_PUBLIC_HTTP_CALLERS: [['gateway', 'GATEWAY_TOKEN', 'users.act']],
    GM_HTTP_CALLERS: [
      ['lobby', 'LOBBY_TOKEN', 'games.play'],
      ['console', 'CONSOLE_TOKEN', 'operators.act'],
    ],
  });
});

it('makes the files that containers mount: the keys of the gateway and the backend, and the password of Redis', () => {
  const key = createPrivateKey(readFileSync(join(made.folder, 'response-signer.pem')));
  expect(key.asymmetricKeyType).toBe('ed25519');
  const operators = createPrivateKey(readFileSync(join(made.folder, 'operator-assertion.pem')));
  const publicKey = createPublicKey(operators).export({ format: 'jwk' }).x ?? '';
  expect(made.values.OPERATOR_KEYS).toBe(Buffer.from(publicKey, 'base64url').toString('base64'));
  expect(readFileSync(join(made.folder, 'redis.conf'), 'utf8')).toBe(
    `requirepass ${made.values.REDIS_PASSWORD}\n`,
  );
});

it('overwrites nothing', () => {
  const before = readFileSync(join(made.folder, 'secrets.env'), 'utf8');
  const again = () =>
    execFileSync('sh', [join(root, 'infra/containers/make-secrets.sh'), made.folder], { stdio: 'pipe' });
  expect(again).toThrow('is there already');
  expect(readFileSync(join(made.folder, 'secrets.env'), 'utf8')).toBe(before);
});
