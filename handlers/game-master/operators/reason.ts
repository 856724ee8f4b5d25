import { z } from '@hono/zod-openapi';

/** Why an operator acts. */
export const reason = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must not contain NUL or half of a pair')
  .openapi({ description: 'Why, for the records.' });
