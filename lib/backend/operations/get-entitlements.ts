import type { BackendContext } from '../context.ts';
import { noOverrides, withOverrides } from '../domain/eligibility.ts';
import { userNotFound } from '../refusals.ts';
import { findUserWithEntitlements } from '../store/entitlements.ts';
import type { GrantedEntitlements } from './set-entitlements.ts';

/** @throws Refusal not_found, for a deleted user too. */
export async function getEntitlements(
  deps: Pick<BackendContext, 'db' | 'entitlementDefaults'>,
  userId: string,
): Promise<GrantedEntitlements> {
  const found = await findUserWithEntitlements(deps.db, userId);
  if (found === undefined || found.user.deletedAt !== null) throw userNotFound(userId);
  const overrides = found.overrides ?? noOverrides;
  return { overrides, effective: withOverrides(overrides, deps.entitlementDefaults) };
}
