// What other services get in place of an e-mail address: its HMAC-SHA-256 under the backend's secret. They can compare
// it, and nobody without the secret can tell whose it is. Uses WebCrypto, so that it runs on every runtime.

/** @param email in the form in which it is stored. */
export type HashAddress = (email: string) => Promise<string>;

const utf8 = new TextEncoder();

/** @param secret at least 32 bytes. */
export async function createAddressHash(secret: string): Promise<HashAddress> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign']);
  return async (email) => {
    // No code is hashed with this in front: see sign-in-codes.ts and recovery-codes.ts.
    const hash = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(`address:${email}`)));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
}
