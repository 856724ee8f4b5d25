// Schemas that the routes of every service share.
import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '../errors/table.ts';

/** A UUID; responses use lower case, so requests are folded to it. */
export const id = z.guid('must be a UUID').toLowerCase();

/** RFC 3339 in UTC with milliseconds, as every response writes it. */
export const timestamp = z.iso.datetime({
  precision: 3,
  error: 'must be a time such as 2026-01-31T12:00:00.000Z',
});

/** A time in a request: RFC 3339 with any offset. */
export const timestampInput = z.iso.datetime({
  offset: true,
  error: 'must be a time such as 2026-01-31T12:00:00Z',
});

/** For routes without a body: absent or `{}`. */
export const emptyBody = z.strictObject({});

export const errorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .openapi('Error');

/** The body of a request, for `createRoute`. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { content: { 'application/json': { schema } }, required: true } as const;
}

/** For reads without a query. */
export const noQuery = z.strictObject({});

/** A body that may be absent. */
export const noBody = { content: { 'application/json': { schema: emptyBody } }, required: false } as const;

/** One response of a route, for `createRoute`. */
export function jsonResponse<T extends z.ZodType>(schema: T, description: string) {
  return { content: { 'application/json': { schema } }, description } as const;
}

/** Documents the error codes of a route, in addition to those that every route may respond with. */
export function errorResponses(...codes: ErrorCode[]) {
  return {
    default: {
      content: { 'application/json': { schema: errorSchema } },
      description: `Refused: ${[...codes, 'invalid_request', 'internal_error'].join(', ')}.`,
    },
  } as const;
}
