// Recovery codes: made by a CSPRNG, stored only as HMAC-SHA-256 under the secret of the codes. Nobody can guess 100
// bits, so they need no bound on attempts. Uses WebCrypto, so that it runs on every runtime.
import {
  groupRecoveryCode,
  normaliseRecoveryCode,
  recoveryCodeAlphabet,
  recoveryCodeLength,
} from '../users/recovery-code.ts';

export type RecoveryCodes = {
  /** In groups, as people read them. */
  newCode(): string;
  /** @param code however it was typed. */
  hash(code: string): Promise<Uint8Array<ArrayBuffer>>;
};

const utf8 = new TextEncoder();

/** @param secret at least 32 bytes. */
export async function createRecoveryCodes(secret: string): Promise<RecoveryCodes> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign']);
  return {
    newCode() {
      // The alphabet has 32 characters, so that 5 bits of each byte choose evenly.
      const random = [...crypto.getRandomValues(new Uint8Array(recoveryCodeLength))];
      return groupRecoveryCode(random.map((byte) => recoveryCodeAlphabet[byte & 31]).join(''));
    },
    // No sign-in code is hashed with this in front: there it is a UUID.
    hash: async (code) =>
      new Uint8Array(
        await crypto.subtle.sign('HMAC', key, utf8.encode(`recovery:${normaliseRecoveryCode(code)}`)),
      ),
  };
}
