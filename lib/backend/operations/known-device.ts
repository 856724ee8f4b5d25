import { verifyWithDeviceKey } from '../../protocol/device-key.ts';
import { knownDeviceBytes } from '../../protocol/envelope.ts';
import type { BackendContext } from '../context.ts';
import { isKnownDeviceProofFresh } from '../domain/sign-in.ts';
import { findKeyOfDevice } from '../store/device-sessions.ts';

/** What a device sends with a request for a code to show that it has signed in to the account before. */
export type KnownDeviceProof = {
  readonly deviceSessionId: string;
  readonly timestampMs: number;
  /** Over `knownDeviceBytes`, 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
};

/** Of no device: a point of the curve, the generator. */
const keyOfNoDevice = new Uint8Array(32).fill(0x66);
keyOfNoDevice[0] = 0x58;

/**
 * Whether the proof was made by an active session of the account with this address. Otherwise nobody learns why: a
 * signature is verified in any case, so that the time does not show which sessions exist, and whose they are.
 */
export async function isKnownDevice(
  deps: Pick<BackendContext, 'db' | 'now'>,
  email: string,
  { deviceSessionId, timestampMs, signature }: KnownDeviceProof,
): Promise<boolean> {
  const key = await findKeyOfDevice(deps.db, { deviceSessionId, email });
  const bytes = knownDeviceBytes({ email, deviceSessionId, timestampMs: BigInt(timestampMs) });
  const signed = await verifyWithDeviceKey(key ?? keyOfNoDevice, bytes, signature);
  return signed && key !== undefined && isKnownDeviceProofFresh(timestampMs, deps.now());
}
