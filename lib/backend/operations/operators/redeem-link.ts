import { inTransaction } from '../../../postgres/transaction.ts';
import type { BackendContext } from '../../context.ts';
import { linkNotUsable } from '../../refusals.ts';
import { findOperatorOfLink, takeLink } from '../../store/operators.ts';
import { type OpenedSession, openSession } from './open-session.ts';
import { hashToken } from './tokens.ts';

/**
 * Signs an operator in by a link that needs no passkey. The command line alone makes such links, and the console takes
 * them only where no other machine can reach it.
 * @throws Refusal challenge_failed.
 */
export async function redeemLink(
  deps: Pick<BackendContext, 'db' | 'now' | 'newId'>,
  token: string,
): Promise<OpenedSession> {
  const link = { tokenHash: await hashToken(token), purpose: 'sign_in' as const, at: deps.now() };
  return inTransaction(deps.db, async (tx) => {
    const operator = await findOperatorOfLink(tx, link);
    if (operator === undefined || (await takeLink(tx, link)) === undefined) throw linkNotUsable();
    return openSession(deps, tx, operator);
  });
}
