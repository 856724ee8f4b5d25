// What a link in a mail holds with which its recipient wants no more mails of its kind: user and kind, under a
// HMAC-SHA-256 with the secret of the codes. It works without signing in, and for as long as that secret is in use. Uses
// WebCrypto, so that it runs on every runtime.
import { type MailableType, mailableTypes } from '../protocol/notification-intents.ts';

export type OptOut = { readonly userId: string; readonly kind: MailableType };

export type OptOutTokens = {
  write(optOut: OptOut): Promise<string>;
  /** @returns undefined for a text that is not a token, or was made with another secret. */
  read(token: string): Promise<OptOut | undefined>;
};

const utf8 = new TextEncoder();

/** @param secret at least 32 bytes. */
export async function createOptOutTokens(secret: string): Promise<OptOutTokens> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign', 'verify']);
  // No code is hashed with this in front: a recovery code begins otherwise, and a sign-in code with a UUID.
  const signed = ({ userId, kind }: OptOut) => utf8.encode(`mail-opt-out:${userId}:${kind}`);
  return {
    async write(optOut) {
      const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, signed(optOut)));
      return `${optOut.userId}.${optOut.kind}.${toHex(mac)}`;
    },
    async read(token) {
      const [, userId = '', name, mac = ''] =
        /^([0-9a-f-]{36})\.([a-z_.]{1,64})\.([0-9a-f]{64})$/.exec(token) ?? [];
      const kind = mailableTypes.find((type) => type === name);
      if (kind === undefined) return undefined;
      const optOut = { userId, kind };
      const isOurs = await crypto.subtle.verify('HMAC', key, fromHex(mac), signed(optOut));
      return isOurs ? optOut : undefined;
    },
  };
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
