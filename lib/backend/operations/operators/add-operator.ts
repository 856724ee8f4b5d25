import { recordAct } from '../../../audit/audit.ts';
import { Refusal } from '../../../errors/table.ts';
import type { Caller } from '../../../http/caller.ts';
import type { Role } from '../../../operators/roles.ts';
import { inTransaction } from '../../../postgres/transaction.ts';
import type { BackendContext } from '../../context.ts';
import type { Operator } from '../../domain/operator.ts';
import { insertOperator } from '../../store/operators.ts';
import { auditEntries } from '../../store/schema.ts';
import { createLink } from './create-link.ts';

/** Adds an operator. @returns also the token of the link with which they enrol a passkey. @throws Refusal email_taken. */
export async function addOperator(
  deps: Pick<BackendContext, 'db' | 'now' | 'newId'>,
  caller: Caller,
  added: { name: string; email: string; roles: Role[] },
): Promise<{ operator: Operator; linkToken: string }> {
  const createdBy = caller.actor.kind === 'admin' ? (caller.actor.adminId ?? null) : null;
  const operator = { ...added, operatorId: deps.newId(), createdBy, createdAt: deps.now(), disabledAt: null };
  return inTransaction(deps.db, async (tx) => {
    if (!(await insertOperator(tx, operator))) {
      throw new Refusal('email_taken', 'There is an operator with this e-mail address already.');
    }
    const { operatorId, roles } = operator;
    await recordAct(tx, auditEntries, caller, {
      action: 'operator.add',
      subject: { kind: 'operator', id: operatorId },
      after: { roles },
    });
    return { operator, linkToken: await createLink(deps, tx, { operatorId, purpose: 'enrol' }) };
  });
}
