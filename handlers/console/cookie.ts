// The console's cookies: the token of a session, and the sign-in at the issuer that this browser has begun. `__Host-` binds
// them to this host and to TLS; on this machine, without TLS, they have their plain names.
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Console } from '../../lib/console/context.ts';
import type { ConsoleContext } from './env.ts';

type Place = Pick<Console, 'publicUrl'>;

const isSecure = ({ publicUrl }: Place) => publicUrl.startsWith('https:');

/** @param plainName without the prefix. */
function cookie(plainName: string) {
  const nameFor = (console: Place) => (isSecure(console) ? `__Host-${plainName}` : plainName);
  return {
    read(c: ConsoleContext, console: Place): string | undefined {
      const value = getCookie(c, nameFor(console));
      return value === undefined || value === '' || value.length > 128 ? undefined : value;
    },
    write(c: ConsoleContext, console: Place, value: string, expires: Date): void {
      setCookie(c, nameFor(console), value, {
        httpOnly: true,
        secure: isSecure(console),
        // Not `Strict`: browsers would not send it when they come back from the issuer, or follow a link to the console.
        sameSite: 'Lax',
        path: '/',
        expires,
      });
    },
    clear(c: ConsoleContext, console: Place): void {
      deleteCookie(c, nameFor(console), { path: '/', secure: isSecure(console) });
    },
  };
}

/** Holds the token of the session. */
export const sessionCookie = cookie('galaxy-console');

/** Holds the id of a sign-in at the issuer, so that only the browser that began it can finish it. */
export const oidcCookie = cookie('galaxy-console-oidc');
