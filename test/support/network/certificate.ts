// A self-signed certificate for localhost and 127.0.0.1, made as RFC 5280 describes it: Node has no function for that.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export type Certificate = { cert: string; key: string };

const sequence = 0x30;
const objectId = 0x06;

export function selfSigned({
  from = new Date(Date.now() - 3_600_000),
  to = new Date(Date.now() + 3_600_000),
}: {
  from?: Date;
  to?: Date;
} = {}): Certificate {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  });
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const ecdsaWithSha256 = der(sequence, der(objectId, Buffer.from('2a8648ce3d040302', 'hex')));
  const commonName = der(
    sequence,
    der(objectId, Buffer.from('550403', 'hex')),
    der(0x0c, Buffer.from('localhost')),
  );
  const name = der(sequence, der(0x31, commonName));
  const alternatives = der(
    sequence,
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const alternativesExtension = der(
    sequence,
    der(objectId, Buffer.from('551d11', 'hex')),
    der(0x04, alternatives),
  );
  const toBeSigned = der(
    sequence,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    der(sequence, utcTime(from), utcTime(to)),
    name,
    publicKey,
    der(0xa3, der(sequence, alternativesExtension)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, privateKey)]);
  const certificate = der(sequence, toBeSigned, ecdsaWithSha256, der(0x03, signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: key.toString(),
  };
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(content.length);
  return Buffer.concat([Buffer.from([tag, 0x82]), size, content]);
}

function utcTime(time: Date): Buffer {
  const digits = time.toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
