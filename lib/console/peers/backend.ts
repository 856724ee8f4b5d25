// What the console asks the backend about operators: in its own name while they sign in, then for them.
import { z } from 'zod';
import { audiences } from '../../operators/assertion.ts';
import { roles } from '../../operators/roles.ts';

export const operatorSchema = z.object({
  operator_id: z.string(),
  name: z.string(),
  email: z.string(),
  roles: z.array(z.enum(roles)),
  created_at: z.string(),
  disabled_at: z.string().optional(),
});
export type Operator = z.infer<typeof operatorSchema>;

export const operatorsSchema = z.object({ items: z.array(operatorSchema) });

export const invitedSchema = z.object({ operator: operatorSchema, link_token: z.string() });

/** A WebAuthn ceremony that has begun; the options are for the browser. */
export const begunSchema = z.object({ challenge_id: z.string(), options: z.record(z.string(), z.unknown()) });

export const signInMethodsSchema = z.object({ oidc_issuer: z.string().optional() });

export const begunOidcSchema = z.object({ challenge_id: z.string(), authorization_url: z.string() });

export const openedSessionSchema = z.object({ session_token: z.string(), expires_at: z.string() });

export const sessionSchema = z.object({
  session_id: z.string(),
  operator: operatorSchema,
  assertions: z.partialRecord(z.enum(audiences), z.string()),
});
export type Session = z.infer<typeof sessionSchema>;
