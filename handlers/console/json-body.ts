import type { z } from 'zod';
import { Refusal } from '../../lib/errors/table.ts';
import type { ConsoleContext } from './env.ts';

/** The JSON that a script of the console sends. @throws Refusal invalid_request. */
export async function jsonOf<T>(c: ConsoleContext, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await c.req.json().catch(() => undefined);
  const { data } = schema.safeParse(body);
  if (data === undefined) throw new Refusal('invalid_request', 'The request is not what this page sends.');
  return data;
}
