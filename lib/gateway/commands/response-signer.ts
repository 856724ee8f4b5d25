import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sodium from 'sodium-native';
import { sha256 } from '../sha256.ts';

/** Signs responses and events with the gateway's Ed25519 key. */
export class ResponseSigner {
  /** Seed and public key, in memory that libsodium excludes from swap and core dumps where the system supports it. */
  readonly #secretKey = sodium.sodium_malloc(sodium.crypto_sign_SECRETKEYBYTES);
  readonly publicKey: Uint8Array;
  /** See `keyIdOf`. */
  readonly keyId: string;

  /** @param privateKey Ed25519. */
  constructor(privateKey: KeyObject) {
    // RFC 8410 section 7: the seed is at the end of the PKCS#8 structure.
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
    const seed = pkcs8.subarray(-sodium.crypto_sign_SEEDBYTES);
    sodium.crypto_sign_seed_keypair(publicKey, this.#secretKey, seed);
    pkcs8.fill(0);
    sodium.sodium_mprotect_readonly(this.#secretKey);
    this.publicKey = publicKey;
    this.keyId = keyIdOf(publicKey);
  }

  /** @returns the signature, 64 bytes. */
  sign(bytes: Uint8Array): Buffer {
    const signature = Buffer.allocUnsafe(sodium.crypto_sign_BYTES);
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    sodium.crypto_sign_detached(signature, message, this.#secretKey);
    return signature;
  }
}

/** The first 16 hex digits of the SHA-256 of a public key's 32 raw bytes. */
export function keyIdOf(publicKey: Uint8Array): string {
  return sha256(publicKey).toString('hex').slice(0, 16);
}

/** @throws Error that says what is wrong with the file, without its content. */
export async function loadResponseSigner(path: string): Promise<ResponseSigner> {
  const pem = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${path} (${error.code ?? error.name})`);
  });
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', type: 'pkcs8' });
  } catch {
    throw new Error(`${path} is not a PKCS#8 PEM private key; ${howToCreateKey}`);
  } finally {
    pem.fill(0);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${path} holds a key of type ${key.asymmetricKeyType}, not Ed25519; ${howToCreateKey}`);
  }
  return new ResponseSigner(key);
}

const howToCreateKey = 'create one with: openssl genpkey -algorithm ed25519 -out response-signer.pem';
