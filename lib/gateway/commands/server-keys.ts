// The public keys that clients verify answers and events with: the active one, the next ones that clients shall know
// before they are used, and retired ones. docs/response-keys.md has the file's form and how to rotate keys with it.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { deviceKeyProblem } from '../../protocol/device-key.ts';
import { loadResponseSigner } from './response-signer.ts';

export type ServerKey = {
  /** The first 16 hex digits of the SHA-256 of the key's 32 raw bytes. */
  readonly keyId: string;
  /** 32 raw bytes of an Ed25519 public key. */
  readonly publicKey: Uint8Array;
  readonly status: 'next' | 'active' | 'retired';
  /** Of retired keys only. */
  readonly retiredAt?: Date;
};

const maxOtherKeys = 32;

const publicKey = z.base64('public_key must be base64 of 32 raw bytes').transform((text, context) => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  const problem = deviceKeyProblem(bytes);
  if (problem === undefined) return bytes;
  context.addIssue({ code: 'custom', message: `public_key ${problem}` });
  return z.NEVER;
});

const retiredAt = z.iso
  .datetime({
    offset: true,
    error: 'retired_at must say when a retired key was last used, such as 2026-01-31T12:00:00Z',
  })
  .transform((text) => new Date(text));

const otherKey = z.discriminatedUnion(
  'status',
  [
    z.strictObject({ public_key: publicKey, status: z.literal('next') }),
    z.strictObject({ public_key: publicKey, status: z.literal('retired'), retired_at: retiredAt }),
  ],
  { error: 'must be an object with public_key and status "next" or "retired"' },
);

const otherKeys = z
  .array(z.unknown(), 'it must hold a JSON array')
  .max(maxOtherKeys, `it may hold at most ${maxOtherKeys} keys`);

/**
 * The next and retired keys that the file lists; none without a file.
 * @throws Error about GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH that says everything that is wrong with its file. What
 * is wrong with the private key is told where that is loaded for signing.
 */
export async function loadOtherKeys(config: {
  responseSignerPrivateKeyPath: string;
  responseSignerOtherKeysPath: string | undefined;
}): Promise<ServerKey[]> {
  const path = config.responseSignerOtherKeysPath;
  if (path === undefined) return [];
  const others = await readOtherKeys(path);
  const signer = await loadResponseSigner(config.responseSignerPrivateKeyPath).catch(() => undefined);
  if (signer !== undefined && others.some(({ keyId }) => keyId === signer.keyId)) {
    throw new Error(
      `${path} lists ${signer.keyId}, which belongs to the private key that is in use; remove it`,
    );
  }
  return others;
}

/** All keys to publish, the active one first. */
export function publishedKeys(
  active: Pick<ServerKey, 'keyId' | 'publicKey'>,
  others: readonly ServerKey[],
): ServerKey[] {
  return [{ keyId: active.keyId, publicKey: active.publicKey, status: 'active' }, ...others];
}

async function readOtherKeys(path: string): Promise<ServerKey[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${path} (${error.code ?? error.name})`);
  });
  const { keys, problems } = parseOtherKeys(text);
  if (problems.length > 0) throw new Error(`${path} cannot be used: ${problems.join('; ')}`);
  return keys;
}

function parseOtherKeys(text: string): { keys: ServerKey[]; problems: string[] } {
  const list = otherKeys.safeParse(parseJson(text));
  if (!list.success) return { keys: [], problems: list.error.issues.map(({ message }) => message) };

  const keys: ServerKey[] = [];
  const problems: string[] = [];
  for (const [i, item] of list.data.entries()) {
    const place = `key ${i + 1}`;
    const parsed = otherKey.safeParse(item);
    if (!parsed.success) {
      problems.push(...parsed.error.issues.map((issue) => `${place}: ${describe(issue)}`));
      continue;
    }
    const key = toServerKey(parsed.data);
    if (keys.some(({ keyId }) => keyId === key.keyId))
      problems.push(`${place}: ${key.keyId} is listed twice`);
    keys.push(key);
  }
  return { keys, problems };
}

function toServerKey(key: z.output<typeof otherKey>): ServerKey {
  const common = { keyId: keyIdOf(key.public_key), publicKey: key.public_key };
  return key.status === 'retired'
    ? { ...common, status: key.status, retiredAt: key.retired_at }
    : { ...common, status: key.status };
}

function keyIdOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? `has unknown fields: ${issue.keys.join(', ')}` : issue.message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
