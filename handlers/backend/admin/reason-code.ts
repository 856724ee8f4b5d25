import { z } from '@hono/zod-openapi';

/** Why an admin acts on a user; published with the event. */
export const reasonCode = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be 1 to 64 of a-z, 0-9 and _, and begin with a letter')
  .openapi({ example: 'abuse' });
