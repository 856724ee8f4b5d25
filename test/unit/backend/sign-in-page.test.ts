import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { backendVariables } from '../../../lib/backend/config.ts';
import { codeLifetimeMs, maxAttempts, wrongCodeWindowsMs } from '../../../lib/backend/domain/sign-in.ts';
import { createLogMailer } from '../../../lib/backend/mail/log-mailer.ts';
import { verifyWithDeviceKey } from '../../../lib/protocol/device-key.ts';
import { confirmBytes, knownDeviceBytes } from '../../../lib/protocol/envelope.ts';

const page = readFileSync(new URL('../../../docs/sign-in.md', import.meta.url), 'utf8');

/** The value of a field in the page's example of a confirmation. */
function example(field: string): string {
  const value = new RegExp(`"${field}": "([^"]+)",\n`).exec(page)?.[1];
  if (value === undefined) throw new Error(`docs/sign-in.md has no example of ${field}`);
  return value;
}

describe('the page on signing in', () => {
  it('shows a proof that is one, and the bytes that it signs', async () => {
    const clientPublicKey = new Uint8Array(Buffer.from(example('client_public_key'), 'base64'));
    const signed = confirmBytes({ challengeId: example('challenge_id'), clientPublicKey });
    const proof = Buffer.from(example('proof'), 'base64');
    expect(await verifyWithDeviceKey(clientPublicKey, signed, proof)).toBe(true);
    const table = [...page.matchAll(/^\| `([0-9a-f]{8,})` \|/gm)].map(([, hex]) => hex).join('');
    expect(table).toBe(Buffer.from(signed).toString('hex'));
    expect(page).toContain(`these ${signed.length} bytes`);
  });

  it('shows the signature of a known device as the test vector has it', async () => {
    const shown = /^ {4}\{\n {6}"email": "ada@example.com",\n {6}"known_device": [^}]*\}\n {4}\}/m.exec(
      page,
    )?.[0];
    const { email, known_device: device } = JSON.parse(shown ?? 'null');
    const { device_session_id: deviceSessionId, timestamp_ms: timestampMs, signature } = device;
    const signed = knownDeviceBytes({ email, deviceSessionId, timestampMs: BigInt(timestampMs) });
    const clientPublicKey = new Uint8Array(Buffer.from(example('client_public_key'), 'base64'));
    expect(await verifyWithDeviceKey(clientPublicKey, signed, Buffer.from(signature, 'base64'))).toBe(true);
  });

  it('shows the line that the log mailer writes', async () => {
    const shown: Record<string, string> = JSON.parse(/^ {4}(\{"level".*\})$/m.exec(page)?.[1] ?? 'null');
    let written = '';
    const log = pino({ base: { service: 'backend' } }, { write: (line: string) => (written = line) });
    const { challenge_id: challengeId = '', to = '', code = '', locale = '' } = shown;
    await createLogMailer(log).send({
      mailId: challengeId,
      to,
      locale,
      content: { kind: 'sign_in_code', code },
    });
    const { level: _, time: __, ...fields } = JSON.parse(written);
    const { level: ___, time: ____, ...shownFields } = shown;
    expect(fields).toEqual(shownFields);
  });

  it('states the limits that hold', () => {
    expect([codeLifetimeMs, maxAttempts]).toEqual([10 * 60_000, 5]);
    expect(page).toContain('good for 10 minutes, five attempts and one use');
    const { maxMailsPerNetwork, maxMailsPerAddress, windowMs } = backendVariables.signIn;
    expect([maxMailsPerNetwork.fallback, maxMailsPerAddress.fallback, windowMs.fallback]).toEqual([
      '10',
      '30',
      '1h',
    ]);
    const { maxMailsPerKnownDevice, maxWrongCodesPerAddress, maxWrongCodesPerNetwork } =
      backendVariables.signIn;
    expect(
      [maxMailsPerKnownDevice, maxWrongCodesPerAddress, maxWrongCodesPerNetwork].map(
        ({ fallback }) => fallback,
      ),
    ).toEqual(['10', '20', '60']);
    expect(wrongCodeWindowsMs).toEqual({ address: 24 * 3_600_000, network: 3_600_000 });
    for (const text of [
      `up to 10 mails an hour (\`${maxMailsPerKnownDevice.name}\`)`,
      `\`${maxWrongCodesPerAddress.name}\` | 20 in 24 hours |`,
      `\`${maxWrongCodesPerNetwork.name}\` | 60 in an hour |`,
      `10 mails an hour (\`${windowMs.name}\`)`,
      `(\`${maxMailsPerNetwork.name}\`)`,
      `30 altogether\n  (\`${maxMailsPerAddress.name}\`)`,
    ]) {
      expect(page).toContain(text);
    }
  });
});
