import { encodeBase64Url } from 'hono/utils/encode';

/** A code that cannot be guessed: 128 random bits, as 22 characters that are valid in a URL. */
export function newInviteCode(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(16)).buffer).replace(/=+$/, '');
}
