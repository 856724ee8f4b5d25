import { z } from '@hono/zod-openapi';

/** Longer than any token. */
const maxTokenLength = 200;

export const unsubscribeBody = z.strictObject({
  token: z.string().min(1).max(maxTokenLength).openapi({ description: 'That of the link in a mail.' }),
});
