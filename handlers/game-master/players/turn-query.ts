import { z } from '@hono/zod-openapi';

/** A turn in a query; 0 is before the first. */
export const turnQuery = z
  .string()
  .regex(/^\d{1,9}$/, 'must be the number of a turn, such as 3')
  .transform(Number)
  .optional()
  .openapi({ type: 'integer', minimum: 0 });
