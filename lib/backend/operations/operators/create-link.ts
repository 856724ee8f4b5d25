import type { BackendContext } from '../../context.ts';
import { type LinkPurpose, linkLifeMs } from '../../domain/operator.ts';
import type { Database } from '../../store/database.ts';
import { insertLink } from '../../store/operators.ts';
import { hashToken, newToken } from './tokens.ts';

/** Creates a link for an operator that works once, within 15 minutes. @returns the token in it. */
export async function createLink(
  deps: Pick<BackendContext, 'now'>,
  tx: Database,
  { operatorId, purpose }: { operatorId: string; purpose: LinkPurpose },
): Promise<string> {
  const token = newToken();
  const expiresAt = new Date(deps.now().getTime() + linkLifeMs);
  await insertLink(tx, { tokenHash: await hashToken(token), operatorId, purpose, expiresAt });
  return token;
}
