import { z } from '@hono/zod-openapi';
import type { Operator } from '../../../lib/backend/domain/operator.ts';
import type { OpenedSession } from '../../../lib/backend/operations/operators/open-session.ts';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import { roles } from '../../../lib/operators/roles.ts';

export const operatorSchema = z
  .object({
    operator_id: id,
    name: z.string(),
    email: z.string(),
    roles: z.array(z.enum(roles)),
    created_by: id.nullable().openapi({ description: '`null` for one whom the command line added.' }),
    created_at: timestamp,
    disabled_at: timestamp.optional(),
  })
  .openapi('Operator');

export function toOperator(operator: Operator): z.infer<typeof operatorSchema> {
  const { disabledAt } = operator;
  return {
    operator_id: operator.operatorId,
    name: operator.name,
    email: operator.email,
    roles: operator.roles,
    created_by: operator.createdBy,
    created_at: operator.createdAt.toISOString(),
    ...(disabledAt === null ? {} : { disabled_at: disabledAt.toISOString() }),
  };
}

export const openedSessionSchema = z
  .object({
    session_token: z.string().openapi({ description: 'For the cookie; only a hash of it is stored.' }),
    expires_at: timestamp,
    operator: operatorSchema,
  })
  .openapi('OpenedOperatorSession');

export function toOpenedSession({
  token,
  expiresAt,
  operator,
}: OpenedSession): z.infer<typeof openedSessionSchema> {
  return { session_token: token, expires_at: expiresAt.toISOString(), operator: toOperator(operator) };
}

export const invitedSchema = z.object({
  operator: operatorSchema,
  link_token: z
    .string()
    .openapi({ description: 'Of the link to enrol a passkey, which works once, within 15 minutes.' }),
});

/** A token as the backend makes them. */
export const token = z.string().min(1).max(128);

export const roleList = z
  .array(z.enum(roles))
  .min(1, 'must name a role')
  .transform((named) => roles.filter((role) => named.includes(role)));

/** Base64url, as WebAuthn has it in JSON. */
export const base64Url = z
  .string()
  .max(65_536)
  .regex(/^[\w-]*={0,2}$/, 'must be base64url');

/** Where the console is: `https://console.example.com`. */
export const consoleUrl = z
  .url('must be a URL')
  .max(2_048)
  .refine(
    (text) => URL.parse(text)?.origin === text,
    'must be an origin, such as https://console.example.com',
  );
