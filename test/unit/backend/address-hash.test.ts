import { expect, test } from 'vitest';
import { createAddressHash } from '../../../lib/backend/address-hash.ts';
import { createSignInCodes } from '../../../lib/backend/sign-in-codes.ts';

const secret = 'a secret of the backend that has more than 32 bytes';

test('the hash of an address is always the same, and another under another secret', async () => {
  const [hash, other] = await Promise.all([createAddressHash(secret), createAddressHash(`${secret}!`)]);
  const email = 'ada@example.com';
  expect(await hash(email)).toMatch(/^[0-9a-f]{64}$/);
  expect(await hash(email)).toBe(await hash(email));
  expect(await hash('bob@example.com')).not.toBe(await hash(email));
  expect(await other(email)).not.toBe(await hash(email));
});

test('no sign-in code has the hash of an address', async () => {
  const { hash } = await createSignInCodes(secret);
  const address = await (await createAddressHash(secret))('ada@example.com');
  const code = Buffer.from(await hash('0196e0c8-0000-7000-8000-000000000000', 'ada@example.com'));
  expect(code.toString('hex')).not.toBe(address);
});
