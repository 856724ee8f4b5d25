// Device sessions, asked of the backend for every single request: the gateway keeps no copy, so a revocation holds
// from the next request on.
import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import { RejectedError } from '../rejected-error.ts';
import type { UpstreamService } from './upstream.ts';

const sessionSchema = z.object({
  device_session_id: z.string(),
  user_id: z.uuid(),
  status: z.enum(['active', 'revoked']),
  client_public_key: z.base64().transform((text) => Buffer.from(text, 'base64')),
});

const notFoundSchema = z.object({ error: z.object({ code: z.literal('not_found') }) });

export type ActiveSession = {
  readonly deviceSessionId: string;
  readonly userId: string;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
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
  const answer = parseJson(body);
  if (status === 404 && notFoundSchema.safeParse(answer).success) {
    throw new RejectedError({
      reason: 'SESSION_UNKNOWN',
      message: 'There is no such device session; sign in again.',
    });
  }
  if (status !== 200) throw backend.unavailable(`session lookup answered ${status}`);
  const parsed = sessionSchema.safeParse(answer);
  if (!parsed.success || parsed.data.client_public_key.length !== 32) {
    throw backend.unavailable('session lookup answered something else than a session');
  }
  const session = parsed.data;
  if (session.device_session_id !== deviceSessionId) {
    throw backend.unavailable('session lookup answered with another session than asked for');
  }
  if (session.status === 'revoked') {
    throw new RejectedError({
      reason: 'SESSION_REVOKED',
      message: 'This device session was revoked; sign in again.',
    });
  }
  return { deviceSessionId, userId: session.user_id, publicKey: session.client_public_key };
}
