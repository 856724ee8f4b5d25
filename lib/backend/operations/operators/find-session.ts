import { Refusal } from '../../../errors/table.ts';
import type { Audience } from '../../../operators/assertion.ts';
import { knownRoles } from '../../../operators/permissions.ts';
import type { BackendContext } from '../../context.ts';
import { type Operator, useIntervalMs } from '../../domain/operator.ts';
import { findLiveSession, recordSessionUse } from '../../store/operators.ts';
import { hashToken } from './tokens.ts';

export type FoundSession = {
  readonly sessionId: string;
  readonly operator: Operator;
  /** By audience: what the console sends to that service for this request. */
  readonly assertions: Partial<Record<Audience, string>>;
};

/**
 * Looks up the session of a request to the console. Roles are as they are now, so that one that was taken away counts
 * no longer.
 * @throws Refusal not_found when the session has ended.
 */
export async function findOperatorSession(
  deps: Pick<BackendContext, 'db' | 'now' | 'signAssertion'>,
  { token, audiences }: { token: string; audiences: readonly Audience[] },
): Promise<FoundSession> {
  const { db, now, signAssertion } = deps;
  if (signAssertion === undefined) {
    throw new Refusal(
      'service_unavailable',
      'No operator can sign in: BACKEND_OPERATOR_ASSERTION_PRIVATE_KEY_PEM_PATH is not set.',
    );
  }
  const at = now();
  const found = await findLiveSession(db, { tokenHash: await hashToken(token), at });
  if (found === undefined) throw new Refusal('not_found', 'The session has ended; sign in again.');
  const { operator, session } = found;
  const { operatorId } = operator;
  const { sessionId } = session;
  await recordSessionUse(db, { sessionId, at, notSince: new Date(at.getTime() - useIntervalMs) });
  const identity = { operatorId, sessionId, roles: knownRoles(operator.roles) };
  const assertions = await Promise.all(
    audiences.map(async (audience) => [audience, await signAssertion(identity, audience, at)] as const),
  );
  return { sessionId, operator, assertions: Object.fromEntries(assertions) };
}
