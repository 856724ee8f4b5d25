// The keys of a device in a file, for programs on Node: the private key and the session, as JSON, for its owner alone.
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { type DeviceKeys, deviceKeys, generateKeyPair, type Session } from './device-keys.ts';
import { fromBase64, toBase64 } from './web-crypto.ts';

type Content = { private_key: string; public_key: string; session?: Session };

const ownerOnly = 0o600;

/**
 * Reads the file, or makes it with a new key pair. One program uses it at a time.
 * @throws Error when others can read the file, or it holds something else.
 */
export async function keyFile(path: string): Promise<DeviceKeys> {
  const content = (await read(path)) ?? (await create(path));
  const { subtle } = crypto;
  const pair = {
    privateKey: await subtle.importKey('pkcs8', fromBase64(content.private_key), 'Ed25519', false, ['sign']),
    publicKey: await subtle.importKey('raw', fromBase64(content.public_key), 'Ed25519', true, ['verify']),
  };
  return deviceKeys(pair, content.session, (session) => write(path, { ...content, session }));
}

async function create(path: string): Promise<Content> {
  const { privateKey, publicKey } = await generateKeyPair(true);
  const content = {
    private_key: toBase64(new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))),
    public_key: toBase64(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))),
  };
  await write(path, content);
  return content;
}

/** @returns undefined when there is no file. */
async function read(path: string): Promise<Content | undefined> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { mode } = await file.stat();
    // Windows has no such modes.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Error(`${path} holds a private key, and others can read it: chmod 600 ${path}`);
    }
    return parse(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

function parse(path: string, text: string): Content {
  try {
    const content: Partial<Content> = JSON.parse(text);
    const { private_key, public_key, session } = content;
    if (typeof private_key === 'string' && typeof public_key === 'string') {
      return { private_key, public_key, ...(session === undefined ? {} : { session }) };
    }
  } catch (error) {
    throw new Error(`${path} is not a key file: it does not hold JSON`, { cause: error });
  }
  throw new Error(`${path} is not a key file: it lacks private_key or public_key`);
}

/** A crash leaves the file as it was, or as it is to be. */
async function write(path: string, content: Content): Promise<void> {
  const newPath = `${path}.${randomUUID()}`;
  try {
    const file = await open(newPath, 'wx', ownerOnly);
    try {
      await file.writeFile(`${JSON.stringify(content)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(newPath, path);
  } catch (error) {
    await rm(newPath, { force: true });
    throw error;
  }
}
