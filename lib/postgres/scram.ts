// The client's final message of SCRAM-SHA-256 (RFC 5802, RFC 7677; no channel binding), with WebCrypto.

/** Protects against a server that would occupy this process. PostgreSQL's own default is 4096. */
const mostIterations = 100_000;

const utf8 = new TextEncoder();

export type ScramResponse = {
  /** The client-final-message. */
  readonly response: string;
  /** In base64: a server that knows the password, too, must send this back. */
  readonly serverSignature: string;
};

/**
 * @param clientNonce the nonce that this client sent.
 * @param serverFirst the server-first-message.
 * @throws Error when that is not valid.
 */
export async function respondToScram(
  password: string,
  clientNonce: string,
  serverFirst: string,
): Promise<ScramResponse> {
  const [, nonce = '', salt = '', digits] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
  const iterations = Number(digits);
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length) {
    throw new Error('SCRAM: the server did not reply with a nonce of its own');
  }
  if (!(iterations > 0 && iterations <= mostIterations)) {
    throw new Error(`SCRAM: the server asks for ${digits} iterations; at most ${mostIterations} are allowed`);
  }
  const { subtle } = crypto;
  const secret = await subtle.importKey('raw', utf8.encode(password.normalize('NFKC')), 'PBKDF2', false, [
    'deriveBits',
  ]);
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt: fromBase64(salt), iterations };
  const saltedPassword = await subtle.deriveBits(derivation, secret, 256);

  const withoutProof = `c=biws,r=${nonce}`;
  const conversation = utf8.encode(`n=*,r=${clientNonce},${serverFirst},${withoutProof}`);
  const clientKey = await hmac(saltedPassword, utf8.encode('Client Key'));
  const storedKey = await subtle.digest('SHA-256', clientKey);
  const clientSignature = await hmac(storedKey, conversation);
  const proof = clientKey.map((byte, at) => byte ^ (clientSignature[at] ?? 0));
  const serverKey = await hmac(saltedPassword, utf8.encode('Server Key'));
  return {
    response: `${withoutProof},p=${toBase64(proof)}`,
    serverSignature: toBase64(await hmac(serverKey, conversation)),
  };
}

async function hmac(key: BufferSource, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data));
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
