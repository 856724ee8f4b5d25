// A device that signs in, as its owner would use it.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { confirmBytes, knownDeviceBytes } from '../../lib/protocol/envelope.ts';
import type { HttpResponse, Platform } from './platform.ts';

export class Device {
  readonly #platform: Platform;
  readonly #privateKey: KeyObject;
  readonly #publicKey: Uint8Array;
  #deviceSessionId: string | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#privateKey = privateKey;
    this.#publicKey = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  /** Requests a code, reads it in the mailbox and enters it. @returns whether all of it went through at once. */
  async signIn(email: string, from: string, gateway: number): Promise<boolean> {
    const requested = await this.#platform.post(gateway, from, 'send-email-code', {
      email,
      ...(this.#deviceSessionId && { known_device: this.#knownDevice(email, this.#deviceSessionId) }),
    });
    if (requested.status !== 202) return false;
    const challengeId = String(requested.body.challenge_id);
    const content = this.#platform.mails.get(challengeId)?.content;
    if (content?.kind !== 'sign_in_code') throw new Error('no code was mailed');
    const { status, body } = await this.confirm(challengeId, content.code, from, gateway);
    // It stays the device of its first session.
    if (status === 201) this.#deviceSessionId ??= String(body.device_session_id);
    return status === 201;
  }

  confirm(challengeId: string, code: string, from: string, gateway: number): Promise<HttpResponse> {
    const proof = sign(
      null,
      confirmBytes({ challengeId, clientPublicKey: this.#publicKey }),
      this.#privateKey,
    );
    return this.#platform.post(gateway, from, 'confirm-email-code', {
      challenge_id: challengeId,
      code,
      client_public_key: Buffer.from(this.#publicKey).toString('base64'),
      proof: proof.toString('base64'),
    });
  }

  #knownDevice(email: string, deviceSessionId: string): object {
    const timestampMs = this.#platform.now().getTime();
    const bytes = knownDeviceBytes({ email, deviceSessionId, timestampMs: BigInt(timestampMs) });
    return {
      device_session_id: deviceSessionId,
      timestamp_ms: timestampMs,
      signature: sign(null, bytes, this.#privateKey).toString('base64'),
    };
  }
}
