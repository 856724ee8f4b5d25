import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TlsCertificate } from '../../lib/node/tls-certificate.ts';
import { selfSigned } from '../support/network/certificate.ts';

const day = 24 * 3_600_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-tls-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function files(cert: string | undefined, key: string | undefined) {
  const [certPath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await Promise.all([rm(certPath, { force: true }), rm(keyPath, { force: true })]);
  if (cert !== undefined) await writeFile(certPath, cert);
  if (key !== undefined) await writeFile(keyPath, key);
  return { certPath, keyPath, certVariable: 'CERT', keyVariable: 'KEY' };
}

describe('a TLS certificate', () => {
  const good = selfSigned();
  const other = selfSigned();

  it.each([
    ['CERT', 'a missing certificate', undefined, good.key, 'cannot read .*cert.pem \\(ENOENT\\)'],
    ['KEY', 'a missing key', good.cert, undefined, 'cannot read .*key.pem \\(ENOENT\\)'],
    ['CERT', 'no PEM', 'secret stuff', good.key, 'does not contain a certificate in PEM'],
    [
      'KEY',
      'a certificate in place of the key',
      good.cert,
      good.cert,
      'does not contain a private key in PEM',
    ],
    ['KEY', 'the key of another certificate', good.cert, other.key, 'does not belong to the certificate'],
  ])('is refused in the name of %s: %s', async (variable, _, cert, key, message) => {
    const refused = await TlsCertificate.load(await files(cert, key)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ problems: [{ variable, message: expect.stringMatching(message) }] });
    expect(String(refused)).not.toContain('secret stuff');
  });

  it('that is not valid now is taken, with a warning', async () => {
    const certificate = await TlsCertificate.load(await files(good.cert, good.key));
    expect(certificate.warning(new Date())).toBeUndefined();
    expect(certificate.warning(new Date(Date.now() + day))).toMatch(/has expired at \d{4}-/);
    expect(certificate.warning(new Date(Date.now() - day))).toMatch(/is not valid before \d{4}-/);
  });

  it('is read again: a renewed one is taken, a broken one is not', async () => {
    const certificate = await TlsCertificate.load(await files(good.cert, good.key));
    const renewed = vi.fn();
    certificate.onRenewed(renewed);
    expect(await certificate.reload()).toBe(false);
    await files(other.cert, good.key);
    await expect(certificate.reload()).rejects.toThrow('does not belong');
    expect(renewed).not.toHaveBeenCalled();
    expect(certificate.options()).toMatchObject(good);
    await files(other.cert, other.key);
    expect(await certificate.reload()).toBe(true);
    expect(renewed).toHaveBeenCalledExactlyOnceWith({ ...other, minVersion: 'TLSv1.2' });
  });
});
