import { describe, expect, it } from 'vitest';
import { createSignInCodes } from '../../../lib/backend/sign-in-codes.ts';

const secret = 'a secret of the tests, of 32 bytes or more';
const challenge = '01930f3c-7b1a-7000-8000-0000000000c0';
const other = '01930f3c-7b1a-7000-8000-0000000000c1';

describe('sign-in codes', () => {
  it('have six digits, also where they begin with zeros, and spread over all of them', async () => {
    const codes = await createSignInCodes(secret);
    const made = Array.from({ length: 5_000 }, () => codes.newCode());
    expect(made.filter((code) => !/^\d{6}$/.test(code))).toEqual([]);
    expect(new Set(made.map((code) => code[0])).size).toBe(10);
    expect(new Set(made).size).toBeGreaterThan(4_900);
  });

  it('match their hash, and no other code does', async () => {
    const codes = await createSignInCodes(secret);
    const hash = await codes.hash(challenge, '012345');
    expect(hash.length).toBe(32);
    expect(await codes.matches(challenge, '012345', hash)).toBe(true);
    expect(await codes.matches(challenge, '012346', hash)).toBe(false);
  });

  it('do not match the hash of the same code for another challenge', async () => {
    const codes = await createSignInCodes(secret);
    expect(await codes.matches(other, '012345', await codes.hash(challenge, '012345'))).toBe(false);
  });

  it('do not match a hash made under another secret', async () => {
    const codes = await createSignInCodes(secret);
    const others = await createSignInCodes(`${secret}!`);
    expect(await codes.matches(challenge, '012345', await others.hash(challenge, '012345'))).toBe(false);
  });
});
