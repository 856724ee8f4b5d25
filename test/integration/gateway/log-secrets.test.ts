// The gateway's whole output at its most talkative, while everything happens that touches a secret.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { freePort } from '../../../infra/local/child.ts';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { TestClient } from '../../support/gateway/test-client.ts';

const upstreamToken = 'bearer-token-between-gateway-and-upstreams';
// The gateway hands it on as it is; long, so that no id holds it by chance.
const code = '90421753';
const challengeId = '01930f3c-7b1a-7000-8000-0000000000c0';
const email = 'ada.lovelace@example.com';

let folder: string;
let signer: KeyObject;
let signerPath: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-log-secrets-'));
  signer = generateKeyPairSync('ed25519').privateKey;
  signerPath = join(folder, 'signer.pem');
  await writeFile(signerPath, signer.export({ format: 'pem', type: 'pkcs8' }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function variables() {
  return {
    GATEWAY_LOG_LEVEL: 'trace',
    GATEWAY_UPSTREAM_TOKEN: upstreamToken,
    GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: signerPath,
    GATEWAY_BACKEND_TIMEOUT: '500ms',
  };
}

/** A private key in the forms in which it might be written. */
function writings(key: KeyObject): string[] {
  const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return [seed, der].flatMap((bytes) => [
    bytes.toString('hex'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ]);
}

const confirmationSchema = z.object({ proof: z.string(), client_public_key: z.string() });

async function signIn(gateway: TestGateway, deviceKey: KeyObject, known: TestGateway['backend']['answer']) {
  const client = new TestClient(gateway, deviceKey, undefined, { patienceMs: 0 });
  gateway.backend.answer = json(202, { challenge_id: challengeId, expires_at: '2026-01-01T00:10:00.000Z' });
  await client.sendEmailCode(email);
  gateway.backend.answer = json(201, {
    device_session_id: '01930f3c-7b1a-7000-8000-0000000000d1',
    user_id: '01930f3c-7b1a-7000-8000-0000000000a1',
  });
  await client.confirmEmailCode(challengeId, code, 'a device');
  const confirmation = confirmationSchema.parse(JSON.parse(gateway.backend.received.at(-1)?.body ?? ''));
  // The same once more, while the backend fails in every way.
  for (const answer of failures) {
    gateway.backend.answer = answer;
    await expect(client.confirmEmailCode(challengeId, code, 'a device')).rejects.toThrow();
  }
  gateway.backend.answer = known;
  client.close();
  return confirmation;
}

const failures: TestGateway['backend']['answer'][] = [
  json(422, { error: { code: 'challenge_failed', message: 'No.' } }),
  json(500, { error: { code: 'internal_error', message: 'No.' } }),
  (_, response) => response.end('no JSON'),
  (_, response) => response.destroy(),
  () => {},
];

/** Signed commands that pass, that are refused, and that fail behind the gateway; gives their signatures. */
async function commands(gateway: TestGateway, known: TestGateway['backend']['answer']): Promise<Buffer[]> {
  const client = gateway.newClient();
  const signed = () => client.signCommand('lobby.game.list', {});
  const good = signed();
  await client.send(good);
  const replayed = client.send(good);
  await expect(replayed).rejects.toThrow('REPLAY_DETECTED');
  const forged = { ...signed(), payloadBytes: Buffer.from('{"a":1}') };
  await expect(client.send(forged)).rejects.toThrow('PAYLOAD_HASH_MISMATCH');
  const stolen = { ...signed(), requestId: 'another' };
  await expect(client.send(stolen)).rejects.toThrow('BAD_SIGNATURE');
  const failing = [];
  for (const answer of failures.slice(1)) {
    const request = signed();
    gateway.lobby.answer = answer;
    await client.send(request).catch(() => undefined);
    gateway.backend.answer = answer;
    await expect(client.send(signed())).rejects.toThrow('UPSTREAM_UNAVAILABLE');
    gateway.backend.answer = known;
    failing.push(request.signature);
  }
  return [good.signature, stolen.signature, ...failing];
}

function expectNone(output: string, secrets: readonly string[]): void {
  const found = secrets.filter((secret) => output.includes(secret));
  expect(found).toEqual([]);
}

it('logs no secret while players sign in, act and fail', { timeout: 60_000 }, async () => {
  const child: GatewayProcess = gatewayProcess();
  const gateway = await startTestGateway(variables(), child.run);
  const known = gateway.backend.answer;
  const deviceKey = generateKeyPairSync('ed25519').privateKey;
  try {
    const { proof } = await signIn(gateway, deviceKey, known);
    const signatures = await commands(gateway, known);
    await gateway.stop();

    const output = child.output();
    // What should be there is, so what should not be could have been.
    for (const line of ['"msg":"command"', '"msg":"request"', 'REPLAY_DETECTED', 'UPSTREAM_UNAVAILABLE']) {
      expect(output).toContain(line);
    }
    // By itself: times and ids may hold these digits.
    expect(output).not.toMatch(new RegExp(`(?<!\\w)${code}(?!\\w)`));
    expectNone(output, [
      upstreamToken,
      gateway.redis.password,
      email,
      proof,
      ...writings(signer),
      ...writings(deviceKey),
      ...signatures.flatMap((bytes) => [bytes.toString('hex'), bytes.toString('base64')]),
    ]);
  } finally {
    await gateway[Symbol.asyncDispose]();
  }
});

it('says no secret when it refuses to start', { timeout: 60_000 }, async () => {
  const child = gatewayProcess();
  const password = 'a-password-that-redis-does-not-know';
  const cut = join(folder, 'cut.pem');
  const pem = String(signer.export({ format: 'pem', type: 'pkcs8' }));
  await writeFile(cut, pem.replace('-----END', ''));
  const refused = startTestGateway(
    {
      ...variables(),
      GATEWAY_REDIS_PASSWORD: password,
      GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: cut,
      GATEWAY_ADMIN_HTTP_ADDR: `127.0.0.1:${await freePort()}`,
    },
    child.run,
  );
  await expect(refused).rejects.toThrow('exit code 1');
  expect(child.output()).toContain('GATEWAY_REDIS_ADDR');
  expect(child.output()).toContain('GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH');
  expectNone(child.output(), [password, upstreamToken, ...writings(signer)]);
});
