// Sign-in of operators at the OpenID Connect issuer. It says who a person is; whether they are an operator, and with which
// roles, is decided here.
import { Refusal } from '../../../errors/table.ts';
import { inTransaction } from '../../../postgres/transaction.ts';
import type { BackendContext } from '../../context.ts';
import { type Operator, oidcChallengeLifeMs } from '../../domain/operator.ts';
import { type IssuedIdentity, IssuerUnavailable, type OidcIssuer } from '../../oidc-issuer.ts';
import { accountRefused, issuerSignInRefused, issuerUnavailable } from '../../refusals.ts';
import type { Database } from '../../store/database.ts';
import {
  bindAccount,
  insertOidcChallenge,
  lockOperatorByEmail,
  lockOperatorOfAccount,
  takeOidcChallenge,
} from '../../store/operators.ts';
import { type OpenedSession, openSession } from './open-session.ts';

type Deps = Pick<BackendContext, 'db' | 'now' | 'newId' | 'oidcIssuer' | 'log'>;

/** Where the issuer sends the browser back to. */
const callbackPath = '/sign-in/oidc/callback';

/** @throws Refusal not_found where no issuer is configured, service_unavailable. */
export async function beginOidcSignIn(
  deps: Deps,
  consoleUrl: string,
): Promise<{ challengeId: string; authorizationUrl: string }> {
  const { authorizationUrl, ...checks } = await issuerOf(deps)
    .begin(`${consoleUrl}${callbackPath}`)
    .catch((error: unknown) => refuseUnavailable(deps, error));
  const [challengeId, at] = [deps.newId(), deps.now()];
  const expiresAt = new Date(at.getTime() + oidcChallengeLifeMs);
  await insertOidcChallenge(deps.db, { challengeId, consoleUrl, ...checks, expiresAt }, at);
  return { challengeId, authorizationUrl };
}

/**
 * Opens a session for the operator to whom the account is bound. The first time that is the one whose address the issuer
 * has verified.
 * @param finish.query of the URL at which the browser came back. @throws Refusal challenge_failed, service_unavailable.
 */
export async function finishOidcSignIn(
  deps: Deps,
  finish: { challengeId: string; query: string },
): Promise<OpenedSession> {
  const issuer = issuerOf(deps);
  const challenge = await takeOidcChallenge(deps.db, { challengeId: finish.challengeId, at: deps.now() });
  if (challenge === undefined) throw issuerSignInRefused();
  const callback = new URL(`${challenge.consoleUrl}${callbackPath}`);
  callback.search = finish.query;
  const identity = await issuer.finish(callback, challenge).catch((error: unknown) => {
    if (error instanceof IssuerUnavailable) return refuseUnavailable(deps, error);
    deps.log.info({ error }, 'a sign-in at the issuer was not accepted');
    throw issuerSignInRefused();
  });
  return inTransaction(deps.db, async (tx) => {
    const operator =
      (await lockOperatorOfAccount(tx, identity)) ?? (await bindToVerifiedAddress(deps, tx, identity));
    if (operator === undefined || operator.disabledAt !== null) throw accountRefused();
    return openSession(deps, tx, operator);
  });
}

/** @returns undefined when no operator has the address, or they have signed in with another account of this issuer. */
async function bindToVerifiedAddress(
  { now }: Pick<Deps, 'now'>,
  tx: Database,
  { issuer, subject, verifiedEmail }: IssuedIdentity,
): Promise<Operator | undefined> {
  if (verifiedEmail === undefined) return undefined;
  const operator = await lockOperatorByEmail(tx, verifiedEmail);
  if (operator === undefined) return undefined;
  const { operatorId } = operator;
  return (await bindAccount(tx, { issuer, subject, operatorId, boundAt: now() })) ? operator : undefined;
}

function issuerOf({ oidcIssuer }: Deps): OidcIssuer {
  if (oidcIssuer !== undefined) return oidcIssuer;
  throw new Refusal('not_found', 'No issuer is configured: BACKEND_OPERATOR_OIDC_ISSUER is not set.');
}

function refuseUnavailable({ log }: Deps, error: unknown): never {
  if (!(error instanceof IssuerUnavailable)) throw error;
  log.warn({ error }, 'the issuer of operators does not respond');
  throw issuerUnavailable();
}
