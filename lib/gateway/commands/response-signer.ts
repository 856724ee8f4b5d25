import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sodium from 'sodium-native';

/** Signs answers and events with the gateway's own Ed25519 key. */
export class ResponseSigner {
  /** Seed and public key, in memory that libsodium keeps out of swap and core dumps as far as the system lets it. */
  readonly #secretKey = sodium.sodium_malloc(sodium.crypto_sign_SECRETKEYBYTES);
  readonly publicKey: Uint8Array;
  /** The first 16 hex digits of the public key's SHA-256. */
  readonly keyId: string;

  /** @param privateKey Ed25519. */
  constructor(privateKey: KeyObject) {
    // RFC 8410 section 7: the seed is what PKCS#8 ends with.
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
    const seed = pkcs8.subarray(-sodium.crypto_sign_SEEDBYTES);
    sodium.crypto_sign_seed_keypair(publicKey, this.#secretKey, seed);
    pkcs8.fill(0);
    sodium.sodium_mprotect_readonly(this.#secretKey);
    this.publicKey = publicKey;
    this.keyId = createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
  }

  /** The signature, 64 bytes. */
  sign(bytes: Uint8Array): Buffer {
    const signature = Buffer.allocUnsafe(sodium.crypto_sign_BYTES);
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    sodium.crypto_sign_detached(signature, message, this.#secretKey);
    return signature;
  }
}

/** @throws Error that says what is wrong with the file, never what is in it. */
export async function loadResponseSigner(path: string): Promise<ResponseSigner> {
  const pem = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${path} (${error.code ?? error.name})`);
  });
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', type: 'pkcs8' });
  } catch {
    throw new Error(`${path} is not a PKCS#8 PEM private key; ${howToMakeOne}`);
  } finally {
    pem.fill(0);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${path} holds a key of type ${key.asymmetricKeyType}, not Ed25519; ${howToMakeOne}`);
  }
  return new ResponseSigner(key);
}

const howToMakeOne = 'make one with: openssl genpkey -algorithm ed25519 -out response-signer.pem';
