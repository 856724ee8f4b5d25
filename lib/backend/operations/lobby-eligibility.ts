import type { BackendContext } from '../context.ts';
import { type Eligibility, eligibilityOf } from '../domain/eligibility.ts';
import { findUserWithEntitlements } from '../store/entitlements.ts';

/** `addressHash` lets the lobby recognise a person who comes back with another account; only of users who may do something. */
export type LobbyEligibility = Eligibility & { readonly addressHash: string | undefined };

/** What a user may do in the lobby; a user who does not exist may do nothing. */
export async function lobbyEligibility(
  deps: Pick<BackendContext, 'db' | 'entitlementDefaults' | 'hashAddress'>,
  userId: string,
): Promise<LobbyEligibility> {
  const found = await findUserWithEntitlements(deps.db, userId);
  const eligibility = eligibilityOf(found?.user, found?.overrides, deps.entitlementDefaults);
  const isActive = found !== undefined && eligibility.exists && !eligibility.permanentBlock;
  return { ...eligibility, addressHash: isActive ? await deps.hashAddress(found.user.email) : undefined };
}
