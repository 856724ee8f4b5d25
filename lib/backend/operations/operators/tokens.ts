// Tokens in links and cookies: 256 random bits, of which only the hash is stored.
const utf8 = new TextEncoder();

export function newToken(): string {
  const bytes = [...crypto.getRandomValues(new Uint8Array(32))];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function hashToken(token: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(token)));
}
