import type { BackendContext } from '../../context.ts';
import { type Operator, sessionLifeMs } from '../../domain/operator.ts';
import type { Database } from '../../store/database.ts';
import { insertSession } from '../../store/operators.ts';
import { hashToken, newToken } from './tokens.ts';

/** What the console stores in its cookie. */
export type OpenedSession = { readonly token: string; readonly expiresAt: Date; readonly operator: Operator };

/** Opens a session with a new token, in the transaction that uses up what the operator signed in with. */
export async function openSession(
  deps: Pick<BackendContext, 'now' | 'newId'>,
  tx: Database,
  operator: Operator,
): Promise<OpenedSession> {
  const token = newToken();
  const createdAt = deps.now();
  const expiresAt = new Date(createdAt.getTime() + sessionLifeMs);
  await insertSession(tx, {
    sessionId: deps.newId(),
    operatorId: operator.operatorId,
    tokenHash: await hashToken(token),
    createdAt,
    expiresAt,
    lastUsedAt: createdAt,
    revokedAt: null,
  });
  return { token, expiresAt, operator };
}
