import { createRoute, z } from '@hono/zod-openapi';
import { type AuditEntry, type AuditLog, listAuditEntries } from '../../lib/audit/audit.ts';
import { pageOf, pageQuery, pageTokens } from '../../lib/http/paging.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../lib/http/schemas.ts';

const state = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]),
);

const auditEntrySchema = z
  .object({
    entry_id: id,
    at: timestamp,
    operator_id: id
      .nullable()
      .openapi({ description: '`null` for what the token of a caller alone admitted.' }),
    session_id: id.nullable(),
    action: z.string().openapi({ example: 'game.cancel' }),
    subject_kind: z.string(),
    subject_id: z.string(),
    reason: z.string().nullable(),
    before: state.nullable(),
    after: state.nullable(),
    request_id: z.string(),
  })
  .openapi('AuditEntry');

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/audit-entries',
  operationId: 'listAuditEntries',
  summary: 'What operators did in this service, newest first',
  tags: ['operations'],
  request: {
    query: z.strictObject({
      operator_id: id.optional(),
      subject_kind: z.string().max(64).optional(),
      subject_id: z.string().max(64).optional(),
      before: id
        .optional()
        .openapi({ description: 'Only entries older than this one, which may be of another service.' }),
      ...pageQuery,
    }),
  },
  responses: { 200: jsonResponse(pageOf(auditEntrySchema), 'A page of the audit log'), ...errorResponses() },
});

const tokens = pageTokens('audit', z.tuple([id]));

export const listAuditEntriesRoute = (audit: AuditLog) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const token = tokens.of(c.req.query());
    const filter = {
      operatorId: query.operator_id,
      subjectKind: query.subject_kind,
      subjectId: query.subject_id,
    };
    const page = { size: query.page_size, before: token.read(query.page_token)?.[0] ?? query.before };
    const { entries, next } = await listAuditEntries(audit, filter, page);
    return c.json(
      {
        items: entries.map(toAuditEntry),
        ...(next === undefined ? {} : { next_page_token: token.write([next]) }),
      },
      200,
    );
  });

function toAuditEntry(entry: AuditEntry): z.infer<typeof auditEntrySchema> {
  return {
    entry_id: entry.entryId,
    at: entry.at.toISOString(),
    operator_id: entry.operatorId,
    session_id: entry.sessionId,
    action: entry.action,
    subject_kind: entry.subjectKind,
    subject_id: entry.subjectId,
    reason: entry.reason,
    before: entry.before,
    after: entry.after,
    request_id: entry.requestId,
  };
}
