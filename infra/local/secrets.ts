// Keys and tokens of a local stack: created once, stored in its data folder, readable by its owner only.
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bearerToken } from '../../lib/config/types.ts';

const secretsSchema = z.object({
  redisPassword: z.string().min(1),
  /** Bearer token of tools; those of the services are derived from it (callers.ts). */
  serviceToken: bearerToken,
  codeHmacKey: z.string().min(1),
});

export type LocalSecrets = z.infer<typeof secretsSchema> & {
  responseSignerPath: string;
  /** The key with which the backend signs who an operator is, and its public key. */
  operatorAssertionPath: string;
  operatorKey: string;
};

export async function localSecrets(dataFolder: string): Promise<LocalSecrets> {
  const folder = join(dataFolder, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);

  const responseSignerPath = await keyFile(join(folder, 'response-signer.pem'));
  const operatorAssertionPath = await keyFile(join(folder, 'operator-assertion.pem'));
  const operatorKey = String(
    createPublicKey(await readFile(operatorAssertionPath)).export({ format: 'jwk' }).x,
  );
  const file = join(folder, 'secrets.json');
  if (!existsSync(file)) {
    const random = () => randomBytes(32).toString('base64url');
    const secrets = { redisPassword: random(), serviceToken: random(), codeHmacKey: random() };
    await writeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  }
  return { ...(await readSecrets(file)), responseSignerPath, operatorAssertionPath, operatorKey };
}

/** Makes an Ed25519 key, unless it is there. */
async function keyFile(path: string): Promise<string> {
  if (existsSync(path)) return path;
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return path;
}

/** @throws Error without the content of the file, which errors of JSON and zod may quote. */
async function readSecrets(file: string): Promise<z.infer<typeof secretsSchema>> {
  const text = await readFile(file, 'utf8');
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} cannot be used; delete it and start again.`);
  }
}
