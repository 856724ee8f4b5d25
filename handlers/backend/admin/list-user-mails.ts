import { createRoute, z } from '@hono/zod-openapi';
import { listUserMails } from '../../../lib/backend/operations/list-user-mails.ts';
import type { MailOfUser } from '../../../lib/backend/store/mail-history.ts';
import { pageOf, pageQuery, pageTokens } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';

const mailSchema = z
  .object({
    mail_id: id.openapi({ description: 'As logs have it.' }),
    kind: z.string().openapi({
      description:
        '`sign_in_code`, `account_code`, `account_change`, `new_session`, `wrong_codes`, or the type of a notification; of one that was not opened `code` or `notice`.',
    }),
    state: z.enum(['waiting', 'sent', 'expired', 'refused', 'unreadable']),
    failures: z.int().nonnegative().openapi({ description: 'Attempts to send it that failed.' }),
    written_at: timestamp,
    ended_at: timestamp
      .nullable()
      .openapi({ description: 'When it was sent or given up; null while it waits.' }),
  })
  .openapi('MailOfUser');

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}/mails',
  operationId: 'listUserMails',
  summary:
    'Mails to the address of a user that wait, and what became of those of the last 30 days, newest first; never what is in them',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: z.strictObject(pageQuery) },
  responses: { 200: jsonResponse(pageOf(mailSchema), 'A page of mails'), ...errorResponses('not_found') },
});

const epochMs = z.int().min(0).max(Date.UTC(9999, 0));
const tokens = pageTokens('admin.user-mails', z.tuple([epochMs, id]));

export const listUserMailsRoute = (deps: Parameters<typeof listUserMails>[0]) =>
  defineRoute(route, async (c) => {
    const { user_id: userId } = c.req.valid('param');
    const query = c.req.valid('query');
    const token = tokens.of({ userId, ...c.req.query() });
    const position = token.read(query.page_token);
    const before = position && { at: new Date(position[0]), id: position[1] };
    const { mails, next } = await listUserMails(deps, userId, { size: query.page_size, before });
    return c.json(
      {
        items: mails.map(toMail),
        ...(next === undefined ? {} : { next_page_token: token.write([next.at.getTime(), next.id]) }),
      },
      200,
    );
  });

function toMail({
  mailId,
  kind,
  state,
  failures,
  writtenAt,
  endedAt,
}: MailOfUser): z.infer<typeof mailSchema> {
  return {
    mail_id: mailId,
    kind,
    state,
    failures,
    written_at: writtenAt.toISOString(),
    ended_at: endedAt?.toISOString() ?? null,
  };
}
