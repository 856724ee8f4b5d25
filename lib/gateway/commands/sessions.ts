// Looks device sessions up at the backend for every request: the gateway stores no copy, so a revocation takes effect
// from the next request on.
import { z } from 'zod';
import { RejectedError, type Rejection } from '../domain/rejection.ts';
import { parseJson } from '../parse-json.ts';
import type { UpstreamService } from './upstream.ts';

const sessionSchema = z.object({
  device_session_id: z.string(),
  user_id: z.guid(),
  status: z.enum(['active', 'revoked']),
  use_is_due: z.literal(true).optional(),
  client_public_key: z.base64().transform((text) => Buffer.from(text, 'base64')),
});

const notFoundSchema = z.object({ error: z.object({ code: z.literal('not_found') }) });

export type ActiveSession = {
  readonly deviceSessionId: string;
  readonly userId: string;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** Whether the backend wants to know that the session is used, once that is certain. */
  readonly useIsDue: boolean;
};

export const sessionRevoked: Rejection = {
  reason: 'SESSION_REVOKED',
  message: 'This device session was revoked; sign in again.',
};

/**
 * Looks an active session up.
 * @throws RejectedError SESSION_UNKNOWN, SESSION_REVOKED, UPSTREAM_UNAVAILABLE.
 */
export async function lookUpSession(
  backend: UpstreamService,
  deviceSessionId: string,
  context: { headers: Record<string, string>; signal: AbortSignal },
): Promise<ActiveSession> {
  const { status, body } = await backend.call({
    method: 'GET',
    target: `/api/v1/internal/sessions/${deviceSessionId}`,
    ...context,
  });
  const response = parseJson(body);
  if (status === 404 && notFoundSchema.safeParse(response).success) {
    throw new RejectedError({
      reason: 'SESSION_UNKNOWN',
      message: 'There is no such device session; sign in again.',
    });
  }
  if (status !== 200) throw backend.unavailable(`the session look-up responded with ${status}`);
  const parsed = sessionSchema.safeParse(response);
  if (!parsed.success || parsed.data.client_public_key.length !== 32) {
    throw backend.unavailable('the session look-up did not return a session');
  }
  const session = parsed.data;
  if (session.device_session_id !== deviceSessionId) {
    throw backend.unavailable('the session look-up returned another session');
  }
  if (session.status === 'revoked') {
    throw new RejectedError(sessionRevoked);
  }
  return {
    deviceSessionId,
    userId: session.user_id,
    publicKey: session.client_public_key,
    useIsDue: session.use_is_due === true,
  };
}
