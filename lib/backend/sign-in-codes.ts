// Sign-in codes: made by a CSPRNG, stored only as HMAC-SHA-256 under the backend's secret. The hash covers the id of
// the challenge, so it cannot be moved to another one. Eight digits are few: without the secret a copy of the table
// would give every code away. Uses WebCrypto, so that it runs on every runtime.

export type SignInCodes = {
  /** Digits, evenly distributed. @param digits a multiple of four. */
  newCode(digits: number): string;
  hash(challengeId: string, code: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Compares in constant time. */
  matches(challengeId: string, code: string, hash: Uint8Array<ArrayBuffer>): Promise<boolean>;
};

const utf8 = new TextEncoder();
const groupDigits = 4;
const groups = 10 ** groupDigits;
// The largest multiple of `groups` that 32 bits hold; numbers from there on would favour low groups.
const evenUpTo = Math.floor(2 ** 32 / groups) * groups;

/** @param secret at least 32 bytes. */
export async function createSignInCodes(secret: string): Promise<SignInCodes> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign', 'verify']);
  const message = (challengeId: string, code: string) => utf8.encode(`${challengeId}:${code}`);
  return {
    newCode: (digits) => Array.from({ length: digits / groupDigits }, newGroup).join(''),
    async hash(challengeId, code) {
      return new Uint8Array(await crypto.subtle.sign('HMAC', key, message(challengeId, code)));
    },
    matches: (challengeId, code, hash) => crypto.subtle.verify('HMAC', key, hash, message(challengeId, code)),
  };
}

function newGroup(): string {
  for (;;) {
    const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (random < evenUpTo) return String(random % groups).padStart(groupDigits, '0');
  }
}
