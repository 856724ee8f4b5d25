// Enrolment of a passkey with a link. The WebAuthn challenge is stored here, short-lived and for one use.
import {
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { inTransaction } from '../../../postgres/transaction.ts';
import type { BackendContext } from '../../context.ts';
import { challengeLifeMs } from '../../domain/operator.ts';
import { linkNotUsable, passkeyRefused } from '../../refusals.ts';
import {
  findOperatorOfLink,
  insertChallenge,
  insertPasskey,
  passkeysOf,
  takeChallenge,
  takeLink,
} from '../../store/operators.ts';
import { type OpenedSession, openSession } from './open-session.ts';
import { hashToken } from './tokens.ts';

type Deps = Pick<BackendContext, 'db' | 'now' | 'newId' | 'log'>;

/** @param begin.consoleUrl whose host the passkey is for. @throws Refusal challenge_failed. */
export async function beginEnrolment(
  deps: Deps,
  begin: { linkToken: string; consoleUrl: string },
): Promise<{ challengeId: string; options: PublicKeyCredentialCreationOptionsJSON }> {
  const at = deps.now();
  const tokenHash = await hashToken(begin.linkToken);
  const operator = await findOperatorOfLink(deps.db, { tokenHash, purpose: 'enrol', at });
  if (operator === undefined) throw linkNotUsable();
  const known = await passkeysOf(deps.db, operator.operatorId);
  const options = await generateRegistrationOptions({
    rpName: 'Galaxy console',
    rpID: new URL(begin.consoleUrl).hostname,
    userID: new TextEncoder().encode(operator.operatorId),
    userName: operator.email,
    userDisplayName: operator.name,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: known.map((id) => ({ id })),
  });
  const challengeId = deps.newId();
  await insertChallenge(
    deps.db,
    {
      challengeId,
      challenge: options.challenge,
      consoleUrl: begin.consoleUrl,
      linkTokenHash: tokenHash,
      expiresAt: new Date(at.getTime() + challengeLifeMs),
    },
    at,
  );
  return { challengeId, options };
}

/** Stores the passkey, uses the link up and signs the operator in. @throws Refusal challenge_failed. */
export async function finishEnrolment(
  deps: Deps,
  finish: { challengeId: string; linkToken: string; response: RegistrationResponseJSON },
): Promise<OpenedSession> {
  const at = deps.now();
  const challenge = await takeChallenge(deps.db, { challengeId: finish.challengeId, at });
  const tokenHash = await hashToken(finish.linkToken);
  if (challenge?.linkTokenHash == null || !sameBytes(challenge.linkTokenHash, tokenHash)) {
    throw passkeyRefused();
  }
  const { origin, hostname } = new URL(challenge.consoleUrl);
  const { registrationInfo } = await verifyRegistrationResponse({
    response: finish.response,
    expectedChallenge: challenge.challenge,
    expectedOrigin: origin,
    expectedRPID: hostname,
    requireUserVerification: true,
  }).catch((error: unknown) => {
    deps.log.info({ error }, 'a passkey was not accepted');
    throw passkeyRefused();
  });
  if (registrationInfo === undefined) throw passkeyRefused();
  const { id, publicKey, counter } = registrationInfo.credential;
  return inTransaction(deps.db, async (tx) => {
    const link = { tokenHash, purpose: 'enrol' as const, at };
    const operator = await findOperatorOfLink(tx, link);
    if (operator === undefined || (await takeLink(tx, link)) === undefined) throw linkNotUsable();
    await insertPasskey(tx, {
      credentialId: id,
      operatorId: operator.operatorId,
      publicKey: new Uint8Array(publicKey),
      counter,
      createdAt: at,
      lastUsedAt: null,
    });
    return openSession(deps, tx, operator);
  });
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
