// Changes of an operator by an owner. At least one owner who can sign in is left, whatever happens at the same time.
import { recordAct } from '../../../audit/audit.ts';
import type { AuditState } from '../../../audit/table.ts';
import { Refusal } from '../../../errors/table.ts';
import type { Caller } from '../../../http/caller.ts';
import type { Role } from '../../../operators/roles.ts';
import { inTransaction } from '../../../postgres/transaction.ts';
import type { BackendContext } from '../../context.ts';
import type { Operator } from '../../domain/operator.ts';
import type { Database } from '../../store/database.ts';
import { lockOperators, revokeCredentials, updateOperator } from '../../store/operators.ts';
import { auditEntries } from '../../store/schema.ts';
import { createLink } from './create-link.ts';

type Deps = Pick<BackendContext, 'db' | 'now'>;

/** @throws Refusal not_found, invalid_state when no owner would be left. */
export function setOperatorRoles(
  deps: Deps,
  caller: Caller,
  { operatorId, roles }: { operatorId: string; roles: Role[] },
): Promise<Operator> {
  return inTransaction(deps.db, async (tx) => {
    const { operator, others } = await lockOperator(tx, operatorId);
    const changed = { ...operator, roles };
    refuseUnlessOwned([changed, ...others]);
    await updateOperator(tx, operatorId, { roles });
    await record(tx, caller, 'operator.set_roles', operator, { roles });
    return changed;
  });
}

/** Ends the operator's sessions, too, and deletes their passkeys. A repeat changes nothing. @throws as setOperatorRoles. */
export function disableOperator(deps: Deps, caller: Caller, operatorId: string): Promise<Operator> {
  return inTransaction(deps.db, async (tx) => {
    const { operator, others } = await lockOperator(tx, operatorId);
    if (operator.disabledAt !== null) return operator;
    const disabledAt = deps.now();
    const changed = { ...operator, disabledAt };
    refuseUnlessOwned([changed, ...others]);
    await updateOperator(tx, operatorId, { disabledAt });
    await revokeCredentials(tx, operatorId, disabledAt);
    await record(tx, caller, 'operator.disable', operator, { disabled: true });
    return changed;
  });
}

/**
 * For an operator who has lost their passkey: takes all of them away, ends the sessions, and makes a link to enrol one.
 * @throws Refusal not_found, invalid_state for a disabled operator.
 */
export function resetOperator(
  deps: Deps,
  caller: Caller,
  operatorId: string,
): Promise<{ operator: Operator; linkToken: string }> {
  return inTransaction(deps.db, async (tx) => {
    const { operator } = await lockOperator(tx, operatorId);
    if (operator.disabledAt !== null) throw new Refusal('invalid_state', 'This operator is disabled.');
    await revokeCredentials(tx, operatorId, deps.now());
    await record(tx, caller, 'operator.reset', operator, { passkeys: 0 });
    return { operator, linkToken: await createLink(deps, tx, { operatorId, purpose: 'enrol' }) };
  });
}

async function lockOperator(
  tx: Database,
  operatorId: string,
): Promise<{ operator: Operator; others: Operator[] }> {
  const all = await lockOperators(tx);
  const operator = all.find((one) => one.operatorId === operatorId);
  if (operator === undefined) throw new Refusal('not_found', `There is no operator ${operatorId}.`);
  return { operator, others: all.filter((one) => one !== operator) };
}

function refuseUnlessOwned(operators: readonly Operator[]): void {
  if (operators.some(({ roles, disabledAt }) => roles.includes('owner') && disabledAt === null)) return;
  throw new Refusal('invalid_state', 'This is the last owner; make another operator an owner first.');
}

function record(
  tx: Database,
  caller: Caller,
  action: string,
  { operatorId, roles, disabledAt }: Operator,
  after: AuditState,
): Promise<void> {
  return recordAct(tx, auditEntries, caller, {
    action,
    subject: { kind: 'operator', id: operatorId },
    before: { roles, disabled: disabledAt !== null },
    after,
  });
}
