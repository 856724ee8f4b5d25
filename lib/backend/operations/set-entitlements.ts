import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../../http/caller.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import {
  type EntitlementOverrides,
  type Entitlements,
  noOverrides,
  withOverrides,
} from '../domain/eligibility.ts';
import { userNotFound } from '../refusals.ts';
import { findEntitlements, saveEntitlements } from '../store/entitlements.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUser } from '../store/users.ts';

export type EntitlementChanges = {
  readonly [K in keyof EntitlementOverrides]?: EntitlementOverrides[K] | undefined;
};

/** The user's own values, and the result with the defaults. */
export type GrantedEntitlements = { overrides: EntitlementOverrides; effective: Entitlements };

/**
 * Changes the given entitlements: a value of the user's own, or null for the default. The lobby checks them before it
 * grants something, so they apply from the next check on; what was granted before remains.
 * @throws Refusal not_found, for a deleted user too.
 */
export async function setEntitlements(
  deps: Pick<BackendContext, 'db' | 'entitlementDefaults'>,
  caller: Caller,
  { userId, changes }: { userId: string; changes: EntitlementChanges },
): Promise<GrantedEntitlements> {
  const overrides = await inTransaction(deps.db, async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === undefined || user.deletedAt !== null) throw userNotFound(userId);
    const known = changedBy((await findEntitlements(tx, userId)) ?? noOverrides, {});
    const changed = changedBy(known, changes);
    await saveEntitlements(tx, userId, changed);
    await recordAct(tx, auditEntries, caller, {
      action: 'user.set_entitlements',
      subject: { kind: 'user', id: userId },
      before: { ...known },
      after: { ...changed },
    });
    return changed;
  });
  return { overrides, effective: withOverrides(overrides, deps.entitlementDefaults) };
}

function changedBy(known: EntitlementOverrides, changes: EntitlementChanges): EntitlementOverrides {
  const changed = <K extends keyof EntitlementOverrides>(name: K): EntitlementOverrides[K] => {
    const change: EntitlementOverrides[K] | undefined = changes[name];
    return change === undefined ? known[name] : change;
  };
  return {
    canCreatePublicGame: changed('canCreatePublicGame'),
    canCreatePrivateGame: changed('canCreatePrivateGame'),
    canJoinGame: changed('canJoinGame'),
    maxOwnedGames: changed('maxOwnedGames'),
    maxActiveMemberships: changed('maxActiveMemberships'),
    maxRegisteredRaceNames: changed('maxRegisteredRaceNames'),
  };
}
