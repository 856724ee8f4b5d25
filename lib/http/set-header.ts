import type { Context } from 'hono';
import type { HttpEnv } from './env.ts';

/**
 * Sets a header of most responses. On Node it goes past `c.header`, whose `Headers` would be filled, copied and read again
 * for every response: a sixth of what a session look-up takes without its statement.
 */
export function setHeader(c: Context<HttpEnv>, name: string, value: string): void {
  const { setHeader: setOnNode } = c.env ?? {};
  if (setOnNode === undefined) c.header(name, value);
  else setOnNode(name, value);
}
