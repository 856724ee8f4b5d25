// Signing in without the mailbox: a recovery code proves that the account is the person's, the proof that the client
// holds the private key of the key that it registers. Codes have 100 random bits, so wrong ones are not counted here;
// the gateway bounds requests. A code is deleted in the transaction that creates its session, under the user's lock, so
// it creates one session, however many requests have it at once.
import { Refusal } from '../../errors/table.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import { recoverBytes } from '../../protocol/envelope.ts';
import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { sessionCreated } from '../outbox/messages.ts';
import { accountBlocked } from '../refusals.ts';
import type { Database } from '../store/database.ts';
import { insertDeviceSession } from '../store/device-sessions.ts';
import { countRecoveryCodes, findOwnerOfRecoveryCode, useRecoveryCode } from '../store/recovery-codes.ts';
import { lockUser } from '../store/users.ts';
import type { SignedIn } from './confirm-email-code.ts';
import { notifyOfAccountChange } from './notify-of-account-change.ts';
import { requireProof } from './require-proof.ts';

type Deps = Pick<BackendContext, 'db' | 'recoveryCodes' | 'outbox' | 'mails' | 'now' | 'newId'>;

export type Recovery = {
  email: string;
  recoveryCode: string;
  /** Ed25519, raw bytes. */
  clientPublicKey: Uint8Array<ArrayBuffer>;
  /** Signature over `recoverBytes`, 64 bytes. */
  proof: Uint8Array<ArrayBuffer>;
  deviceName: string | null;
  /** Roughly where the device is; null when that is not known. */
  network: string | null;
  traceparent: string | undefined;
};

/**
 * Creates a device session and uses the code up. The owner is notified by events and by a mail.
 * @throws Refusal invalid_request for a bad key or proof; challenge_failed, the same for every reason; account_blocked.
 */
export async function recoverAccount(deps: Deps, recovery: Recovery): Promise<SignedIn> {
  const { email, clientPublicKey, proof } = recovery;
  const bytes = recoverBytes(recovery);
  await requireProof({
    clientPublicKey,
    bytes,
    proof,
    covers: 'the galaxy-recover-v1 bytes of recovery_code and key',
  });
  const codeHash = await deps.recoveryCodes.hash(recovery.recoveryCode);
  // An unknown address takes as long as a wrong code.
  const userId = await findOwnerOfRecoveryCode(deps.db, { email, codeHash });
  if (userId === undefined) throw recoveryFailed();
  const session = await inTransaction(deps.db, (tx) => recover(deps, tx, { ...recovery, userId, codeHash }));
  deps.outbox.publishSoon([userId]);
  deps.mails.sendSoon();
  return session;
}

async function recover(
  deps: Deps,
  tx: Database,
  recovery: Recovery & { userId: string; codeHash: Uint8Array<ArrayBuffer> },
): Promise<SignedIn> {
  const { userId, codeHash, clientPublicKey, deviceName, network, traceparent } = recovery;
  const user = await lockUser(tx, userId);
  if (user === undefined || user.email !== recovery.email) throw recoveryFailed();
  if (user.blockedAt !== null) throw accountBlocked();
  if (!(await useRecoveryCode(tx, { userId, codeHash }))) throw recoveryFailed();

  const at = deps.now();
  const session: DeviceSession = {
    deviceSessionId: deps.newId(),
    userId,
    clientPublicKey,
    deviceName,
    network,
    createdAt: at,
    lastUsedAt: at,
    revokedAt: null,
  };
  await insertDeviceSession(tx, session);
  await deps.outbox.write(tx, [sessionCreated(session, traceparent)]);
  const { deviceSessionId } = session;
  await notifyOfAccountChange(deps, tx, user, {
    change: 'recovery_code_used',
    at,
    recoveryCodesLeft: await countRecoveryCodes(tx, userId),
    session,
    payload: { device_session_id: deviceSessionId },
    traceparent,
  });
  return { deviceSessionId, userId };
}

function recoveryFailed(): Refusal {
  return new Refusal(
    'challenge_failed',
    'The recovery code is not right, was used, was replaced, or belongs to an account with another address; try another code.',
  );
}
