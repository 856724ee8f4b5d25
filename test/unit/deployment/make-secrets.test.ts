import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from '../../support/run/deployed-processes.ts';
import { makeSecrets } from '../../support/run/made-secrets.ts';

const made = makeSecrets();
afterAll(() => rmSync(dirname(made.folder), { recursive: true }));

it('makes secrets that differ, in a folder that others of the machine cannot enter', () => {
  const { POSTGRES_DSN, OPERATOR_KEYS: _, ...random } = made.values;
  expect(new Set(Object.values(random)).size).toBe(7);
  for (const secret of Object.values(random)) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(POSTGRES_DSN).toContain(`:${made.values.POSTGRES_PASSWORD}@`);
  expect(statSync(made.folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(made.folder, 'secrets.env')).mode & 0o777).toBe(0o600);
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
