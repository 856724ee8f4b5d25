// Sign-in by passkey. The authenticator knows for whom it holds a key, so nobody types a name.
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import { inTransaction } from '../../../postgres/transaction.ts';
import type { BackendContext } from '../../context.ts';
import { challengeLifeMs } from '../../domain/operator.ts';
import { passkeyRefused } from '../../refusals.ts';
import {
  insertChallenge,
  lockPasskey,
  type OperatorChallenge,
  type Passkey,
  recordPasskeyUse,
  takeChallenge,
} from '../../store/operators.ts';
import { type OpenedSession, openSession } from './open-session.ts';

type Deps = Pick<BackendContext, 'db' | 'now' | 'newId' | 'log'>;

export async function beginSignIn(
  deps: Deps,
  consoleUrl: string,
): Promise<{ challengeId: string; options: PublicKeyCredentialRequestOptionsJSON }> {
  const at = deps.now();
  const options = await generateAuthenticationOptions({
    rpID: new URL(consoleUrl).hostname,
    userVerification: 'required',
  });
  const challengeId = deps.newId();
  await insertChallenge(
    deps.db,
    {
      challengeId,
      challenge: options.challenge,
      consoleUrl,
      linkTokenHash: null,
      expiresAt: new Date(at.getTime() + challengeLifeMs),
    },
    at,
  );
  return { challengeId, options };
}

/** @throws Refusal challenge_failed, the same for every reason. */
export async function finishSignIn(
  deps: Deps,
  { challengeId, response }: { challengeId: string; response: AuthenticationResponseJSON },
): Promise<OpenedSession> {
  const at = deps.now();
  const challenge = await takeChallenge(deps.db, { challengeId, at });
  if (challenge === undefined || challenge.linkTokenHash !== null) throw passkeyRefused();
  return inTransaction(deps.db, async (tx) => {
    const found = await lockPasskey(tx, response.id);
    if (found === undefined) throw passkeyRefused();
    const counter = await verify(deps, response, challenge, found.passkey);
    await recordPasskeyUse(tx, { credentialId: response.id, counter, at });
    return openSession(deps, tx, found.operator);
  });
}

/** @returns the authenticator's count of signatures. */
async function verify(
  { log }: Pick<Deps, 'log'>,
  response: AuthenticationResponseJSON,
  { challenge, consoleUrl }: OperatorChallenge,
  { credentialId, publicKey, counter }: Passkey,
): Promise<number> {
  const { origin, hostname } = new URL(consoleUrl);
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: hostname,
    requireUserVerification: true,
    credential: { id: credentialId, publicKey, counter },
  }).catch((error: unknown) => {
    log.info({ error }, 'a passkey was not accepted');
    throw passkeyRefused();
  });
  if (!verified) throw passkeyRefused();
  return authenticationInfo.newCounter;
}
