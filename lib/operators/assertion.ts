// How the backend tells a service which operator a request is for: a JWT, signed with Ed25519, valid for a minute and for
// one audience. A service checks it with the public keys in its configuration.
import { createLocalJWKSet, errors, exportJWK, importPKCS8, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { knownRoles } from './permissions.ts';
import type { Role } from './roles.ts';

export const assertionHeader = 'X-Operator-Assertion';

/** Why an operator does something, percent-encoded. */
export const reasonHeader = 'X-Operator-Reason';

export const audiences = ['backend', 'lobby', 'game-master', 'runtime-manager'] as const;
export type Audience = (typeof audiences)[number];

export type OperatorIdentity = {
  readonly operatorId: string;
  readonly sessionId: string;
  readonly roles: readonly Role[];
};

const issuer = 'galaxy-backend';
const algorithm = 'EdDSA';
const lifeSeconds = 60;
const skewSeconds = 5;

export type SignAssertion = (identity: OperatorIdentity, audience: Audience, at: Date) => Promise<string>;

/** @param pem an Ed25519 private key as PKCS#8. @throws Error that does not quote it. */
export async function createAssertionSigner(pem: string): Promise<SignAssertion> {
  const key = await importPKCS8(pem, algorithm, { extractable: true }).catch(() => {
    throw new Error('it is not an Ed25519 private key as PKCS#8 PEM');
  });
  const { x } = await exportJWK(key);
  if (x === undefined) throw new Error('it is not an Ed25519 private key as PKCS#8 PEM');
  return ({ operatorId, sessionId, roles }, audience, at) => {
    const issuedAt = Math.floor(at.getTime() / 1_000);
    return new SignJWT({ roles, sid: sessionId })
      .setProtectedHeader({ alg: algorithm, kid: x })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(operatorId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifeSeconds)
      .sign(key);
  };
}

const claimsSchema = z.object({
  sub: z.guid(),
  sid: z.guid(),
  roles: z.array(z.string()),
});

/** Why an assertion is not accepted, as a sentence. */
export class InvalidAssertion extends Error {}

/**
 * @param keys public keys, base64 of 32 bytes; the key id of each is the same in base64url.
 * @returns rejects with InvalidAssertion.
 */
export function createAssertionCheck(
  audience: Audience,
  keys: readonly string[],
): (assertion: string, at: Date) => Promise<OperatorIdentity> {
  const keySet = createLocalJWKSet({
    keys: keys.map(toBase64Url).map((x) => ({ kty: 'OKP', crv: 'Ed25519', x, kid: x, alg: algorithm })),
  });
  return async (assertion, at) => {
    const { payload } = await jwtVerify(assertion, keySet, {
      algorithms: [algorithm],
      issuer,
      audience,
      currentDate: at,
      clockTolerance: skewSeconds,
      maxTokenAge: lifeSeconds,
      requiredClaims: ['exp', 'iat', 'sub', 'sid', 'roles'],
    }).catch((error: unknown): never => {
      if (error instanceof errors.JOSEError) throw new InvalidAssertion(`${error.message}.`);
      throw error;
    });
    const { data } = claimsSchema.safeParse(payload);
    if (data === undefined) throw new InvalidAssertion('It lacks what an assertion of the backend has.');
    return { operatorId: data.sub, sessionId: data.sid, roles: knownRoles(data.roles) };
  };
}

/** Padded or not, with either alphabet. */
function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
