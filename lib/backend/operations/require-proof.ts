import { invalidFields } from '../../http/field-problems.ts';
import { deviceKeyProblem, verifyWithDeviceKey } from '../../protocol/device-key.ts';

/**
 * Checks that the client holds the private key of the key that it registers.
 * @param proof.covers what the signature is over, for people.
 * @throws Refusal invalid_request for a bad key or proof.
 */
export async function requireProof({
  clientPublicKey,
  bytes,
  proof,
  covers,
}: {
  clientPublicKey: Uint8Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
  proof: Uint8Array<ArrayBuffer>;
  covers: string;
}): Promise<void> {
  if (await verifyWithDeviceKey(clientPublicKey, bytes, proof)) return;
  const keyProblem = deviceKeyProblem(clientPublicKey);
  if (keyProblem !== undefined) throw invalidFields([{ field: 'client_public_key', problem: keyProblem }]);
  throw invalidFields([
    { field: 'proof', problem: `is not a signature by client_public_key over ${covers}` },
  ]);
}
