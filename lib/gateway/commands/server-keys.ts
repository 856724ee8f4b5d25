// The public keys with which clients verify responses and events: the active key, next keys, which clients learn before
// they are used, and retired keys. docs/response-keys.md describes the file and how to rotate keys with it.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { deviceKeyProblem } from '../../protocol/device-key.ts';
import { parseJson } from '../parse-json.ts';
import { keyIdOf, loadResponseSigner } from './response-signer.ts';

export type ServerKey = {
  /** See `keyIdOf`. */
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
    error: 'retired_at must be the time at which the retired key was last used, such as 2026-01-31T12:00:00Z',
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
 * The next and retired keys that the file lists; empty without a file.
 * @throws Error that lists every problem of the file of GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH. Problems of the
 * private key are reported where it is loaded for signing.
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
    throw new Error(`${path} lists ${signer.keyId}, which is the key in use for signing; remove it`);
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
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${path} (${error.code ?? error.name})`);
  });
  const { keys, problems } = parseOtherKeys(bytes);
  if (problems.length > 0) throw new Error(`${path} cannot be used: ${problems.join('; ')}`);
  return keys;
}

function parseOtherKeys(bytes: Uint8Array): { keys: ServerKey[]; problems: string[] } {
  const list = otherKeys.safeParse(parseJson(bytes));
  if (!list.success) return { keys: [], problems: list.error.issues.map(({ message }) => message) };

  const keys: ServerKey[] = [];
  const problems: string[] = [];
  for (const [i, item] of list.data.entries()) {
    const label = `key ${i + 1}`;
    const parsed = otherKey.safeParse(item);
    if (!parsed.success) {
      problems.push(...parsed.error.issues.map((issue) => `${label}: ${describe(issue)}`));
      continue;
    }
    const key = toServerKey(parsed.data);
    if (keys.some(({ keyId }) => keyId === key.keyId))
      problems.push(`${label}: ${key.keyId} is listed twice`);
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

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? `has unknown fields: ${issue.keys.join(', ')}` : issue.message;
}
