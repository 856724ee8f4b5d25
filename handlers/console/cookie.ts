// The cookie with the token of a session. `__Host-` binds it to this host and to TLS; on this machine, without TLS, it has
// its plain name.
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Console } from '../../lib/console/context.ts';
import type { ConsoleContext } from './env.ts';

const plainName = 'galaxy-console';

const isSecure = ({ publicUrl }: Pick<Console, 'publicUrl'>) => publicUrl.startsWith('https:');
const nameFor = (console: Pick<Console, 'publicUrl'>) =>
  isSecure(console) ? `__Host-${plainName}` : plainName;

export function readSessionCookie(
  c: ConsoleContext,
  console: Pick<Console, 'publicUrl'>,
): string | undefined {
  const token = getCookie(c, nameFor(console));
  return token === undefined || token === '' || token.length > 128 ? undefined : token;
}

export function writeSessionCookie(
  c: ConsoleContext,
  console: Pick<Console, 'publicUrl'>,
  { token, expiresAt }: { token: string; expiresAt: string },
): void {
  const expires = new Date(expiresAt);
  setCookie(c, nameFor(console), token, {
    httpOnly: true,
    secure: isSecure(console),
    sameSite: 'Lax',
    path: '/',
    expires,
  });
}

export function clearSessionCookie(c: ConsoleContext, console: Pick<Console, 'publicUrl'>): void {
  deleteCookie(c, nameFor(console), { path: '/', secure: isSecure(console) });
}
