// Makes proto/vectors/refused-v1.json: signatures and keys that nobody may accept, for clients in any language. It says
// of them what proto/vectors/envelope-v1.json cannot: a verifier that accepts everything passes those.
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js';
import { envelopeVectors } from './envelope-vectors.ts';

type Signed = { signed_bytes: string; signature: string };
type Vectors = Record<'response' | 'hello' | 'event', Signed[]> & {
  keys: Record<'client' | 'server', { seed: string; public_key: string }>;
};

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');
const littleEndian = (value: bigint) => bytes(value.toString(16).padStart(64, '0')).reverse();
const fromLittleEndian = (value: Buffer) => BigInt(`0x${hex(Buffer.from(value).reverse())}`);

const fieldPrime = 2n ** 255n - 19n;
const identity = littleEndian(1n);
const withSign = (key: Buffer) => Buffer.from(key.map((byte, index) => (index === 31 ? byte | 0x80 : byte)));

function signWith(seed: string, message: Uint8Array): Buffer {
  // PrivateKeyInfo of an Ed25519 key up to the seed, RFC 8410 section 7.
  const der = Buffer.concat([bytes('302e020100300506032b657004220420'), bytes(seed)]);
  return sign(null, message, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** RFC 8032 section 5.1.7: S has to be below the group order, or each signature has a second form. */
function unreduced(signature: Buffer): Buffer {
  const scalar = fromLittleEndian(signature.subarray(32)) + ed25519.Point.Fn.ORDER;
  return Buffer.concat([signature.subarray(0, 32), littleEndian(scalar)]);
}

/** The same fields under the label of another kind. */
function relabelled(signedBytes: Buffer, label: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(label.length);
  return Buffer.concat([length, Buffer.from(label), signedBytes.subarray(4 + signedBytes.readUInt32BE(0))]);
}

/** Of order 1, 2, 4 and 8, RFC 7748 and RFC 8032: one signature by them fits many messages. */
function smallOrderKeys(): { name: string; public_key: string }[] {
  const order8 = [
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ].map(bytes);
  const keys = [
    ...[identity, littleEndian(fieldPrime - 1n), littleEndian(0n), withSign(littleEndian(0n))],
    ...order8.flatMap((key) => [key, withSign(key)]),
  ];
  return keys.map((key) => ({ name: 'a point of small order', public_key: hex(key) }));
}

export function refusedVectors(): string {
  const { response, hello, event, keys }: Vectors = JSON.parse(envelopeVectors());
  const server = keys.server.public_key;
  const [first] = event;
  const [firstResponse] = response;
  const [firstHello] = hello;
  if (first === undefined || firstResponse === undefined || firstHello === undefined) {
    throw new TypeError('envelope-v1.json has no response, no hello or no event');
  }
  const message = bytes(first.signed_bytes);
  const signature = bytes(first.signature);
  const changed = Buffer.from(message);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  const relabelledResponse = relabelled(bytes(firstResponse.signed_bytes), 'galaxy-hello-v1');
  const refused = (name: string, publicKey: string, signedBytes: string, wrong: Uint8Array) => ({
    name,
    public_key: publicKey,
    signed_bytes: signedBytes,
    signature: hex(wrong),
  });
  const document = {
    about:
      'What must be refused; see docs/envelope.md. Bytes are hexadecimal. None of `signatures` is a signature by ' +
      '`public_key` over `signed_bytes`. None of `keys` is taken as the key of a device, as none is the key of a ' +
      'gateway.',
    signatures: [
      refused('a payload hash of which one bit has changed', server, hex(changed), signature),
      refused('a signature of which one bit has changed', server, first.signed_bytes, flipped(signature)),
      refused('the signature of another event', server, first.signed_bytes, bytes(firstHello.signature)),
      refused(
        'a signature by the key of a client',
        server,
        first.signed_bytes,
        signWith(keys.client.seed, message),
      ),
      refused(
        'a response, signed under the label of a hello',
        server,
        firstResponse.signed_bytes,
        signWith(keys.server.seed, relabelledResponse),
      ),
      refused('an S that is not below the group order', server, first.signed_bytes, unreduced(signature)),
      refused('a signature of zeros', server, first.signed_bytes, Buffer.alloc(64)),
      refused(
        'Ed25519ph: the message was hashed before',
        server,
        first.signed_bytes,
        ed25519ph.sign(message, bytes(keys.server.seed)),
      ),
      refused(
        'a signature over the SHA-256 of the signed bytes',
        server,
        first.signed_bytes,
        signWith(keys.server.seed, createHash('sha256').update(message).digest()),
      ),
      refused(
        'a key of small order, whose signature fits every message',
        hex(identity),
        first.signed_bytes,
        Buffer.concat([identity, littleEndian(0n)]),
      ),
    ],
    keys: [
      ...smallOrderKeys(),
      { name: 'a coordinate that is not reduced', public_key: hex(littleEndian(fieldPrime)) },
      { name: 'a sign where x is 0', public_key: hex(withSign(identity)) },
      { name: 'not a point of the curve', public_key: hex(littleEndian(2n)) },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function flipped(signature: Buffer): Buffer {
  return Buffer.from(signature.map((byte, index) => (index === 0 ? byte ^ 1 : byte)));
}
