import { z } from '@hono/zod-openapi';
import { jsonResponse } from '../../../lib/http/schemas.ts';
import { mailableTypes } from '../../../lib/protocol/notification-intents.ts';

export const mailKinds = z.array(z.enum(mailableTypes)).max(mailableTypes.length).openapi({
  description: 'Types of notifications; mails about the account and with codes are always sent.',
});

export const mailOptOuts = jsonResponse(
  z.object({ opted_out: z.array(z.string()) }),
  'The kinds of mails that the user does not want',
);
