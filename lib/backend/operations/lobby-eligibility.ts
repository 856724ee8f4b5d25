import type { BackendContext } from '../context.ts';
import { type Eligibility, eligibilityOf } from '../domain/eligibility.ts';
import { findUserWithEntitlements } from '../store/entitlements.ts';

/** What a user may do in the lobby; a user who does not exist may do nothing. */
export async function lobbyEligibility(
  deps: Pick<BackendContext, 'db' | 'entitlementDefaults'>,
  userId: string,
): Promise<Eligibility> {
  const found = await findUserWithEntitlements(deps.db, userId);
  return eligibilityOf(found?.user, found?.overrides, deps.entitlementDefaults);
}
