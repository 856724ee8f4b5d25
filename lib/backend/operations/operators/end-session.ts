import type { BackendContext } from '../../context.ts';
import { revokeSession } from '../../store/operators.ts';
import { hashToken } from './tokens.ts';

/** Signs an operator out; does nothing when the session has ended already. */
export async function endOperatorSession(
  { db, now }: Pick<BackendContext, 'db' | 'now'>,
  token: string,
): Promise<void> {
  await revokeSession(db, { tokenHash: await hashToken(token), at: now() });
}
