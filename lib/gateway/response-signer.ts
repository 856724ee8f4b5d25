import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Signs answers and events with the gateway's own Ed25519 key. */
export class ResponseSigner {
  readonly #key: KeyObject;
  readonly publicKey: Uint8Array;
  /** The first 16 hex digits of the public key's SHA-256. */
  readonly keyId: string;

  constructor(privateKey: KeyObject) {
    this.#key = privateKey;
    this.publicKey = rawPublicKey(createPublicKey(privateKey));
    this.keyId = createHash('sha256').update(this.publicKey).digest('hex').slice(0, 16);
  }

  sign(bytes: Uint8Array): Uint8Array {
    return sign(null, bytes, this.#key);
  }
}

/** @throws Error that says what is wrong with the file, never what is in it. */
export async function loadResponseSigner(path: string): Promise<ResponseSigner> {
  const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${path} (${error.code ?? error.name})`);
  });
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', type: 'pkcs8' });
  } catch {
    throw new Error(`${path} is not a PKCS#8 PEM private key; ${howToMakeOne}`);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${path} holds a key of type ${key.asymmetricKeyType}, not Ed25519; ${howToMakeOne}`);
  }
  return new ResponseSigner(key);
}

const howToMakeOne = 'make one with: openssl genpkey -algorithm ed25519 -out response-signer.pem';

function rawPublicKey(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('an Ed25519 key has an x coordinate');
  return Buffer.from(x, 'base64url');
}
