// Operators for tests of internal listeners: a key with which they sign assertions as the backend does.
import { generateKeyPairSync } from 'node:crypto';
import {
  type Audience,
  assertionHeader,
  createAssertionSigner,
  reasonHeader,
} from '../../lib/operators/assertion.ts';
import type { Role } from '../../lib/operators/roles.ts';

export const operatorIds = {
  ada: '01980000-0000-7000-8000-00000000ada0',
  grace: '01980000-0000-7000-8000-000000009ace',
} as const;
export type OperatorName = keyof typeof operatorIds;

const sessionId = '01980000-0000-7000-8000-000000005e55';

/** A new key of the backend: what signs, and the public key for the configuration of services. */
export async function newOperatorKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const sign = await createAssertionSigner(String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  return { sign, publicKey: String(publicKey.export({ format: 'jwk' }).x) };
}

export const operatorKey = await newOperatorKey();

/** What an internal listener accepts in tests: assertions of these operators, and requests without one, too. */
export const operatorOptions = { operatorKeys: [operatorKey.publicKey], unnamedOperators: true };

/** The headers of a request that the console sends for an operator. */
export async function operatorHeaders(
  audience: Audience,
  name: OperatorName = 'ada',
  roles: readonly Role[] = ['owner'],
): Promise<Record<string, string>> {
  const identity = { operatorId: operatorIds[name], sessionId, roles };
  return {
    [assertionHeader]: await operatorKey.sign(identity, audience, new Date()),
    [reasonHeader]: encodeURIComponent('a test – «why»'),
  };
}
