// Bodies of sign-in requests that the gateway passes on; the test plays the backend, so nothing looks at their values.
import { randomUUID } from 'node:crypto';

export const sendBody = (email = 'ada@example.com') => JSON.stringify({ email });

export const recoverBody = (email = 'ada@example.com') =>
  JSON.stringify({
    email,
    recovery_code: '7K3QZ-0M9RX-2PVTA-H48DC',
    client_public_key: Buffer.alloc(32, 1).toString('base64'),
    proof: Buffer.alloc(64, 2).toString('base64'),
  });

export const confirmBody = (challengeId: string = randomUUID()) =>
  JSON.stringify({
    challenge_id: challengeId,
    code: '04213790',
    client_public_key: Buffer.alloc(32, 1).toString('base64'),
    proof: Buffer.alloc(64, 2).toString('base64'),
  });
