import { describe, expect, it } from 'vitest';
import { createSignInCodes } from '../../../lib/backend/sign-in-codes.ts';

const secret = 'a secret of the tests, of 32 bytes or more';
const challenge = '01930f3c-7b1a-7000-8000-0000000000c0';
const other = '01930f3c-7b1a-7000-8000-0000000000c1';

describe('sign-in codes', () => {
  it.each([8, 12])('have %i digits, each of which may be any', async (digits) => {
    const codes = await createSignInCodes(secret);
    const made = Array.from({ length: 5_000 }, () => codes.newCode(digits));
    expect(made.filter((code) => !/^[0-9]+$/.test(code) || code.length !== digits)).toEqual([]);
    for (let place = 0; place < digits; place += 1) {
      expect(new Set(made.map((code) => code[place])).size).toBe(10);
    }
    // Of eight digits, one pair in eight runs of the test is the same.
    expect(new Set(made).size).toBeGreaterThan(4_990);
  });

  it('match their hash, and no other code does', async () => {
    const codes = await createSignInCodes(secret);
    const hash = await codes.hash(challenge, '01234567');
    expect(hash.length).toBe(32);
    expect(await codes.matches(challenge, '01234567', hash)).toBe(true);
    expect(await codes.matches(challenge, '01234568', hash)).toBe(false);
  });

  it('do not match the hash of the same code for another challenge', async () => {
    const codes = await createSignInCodes(secret);
    expect(await codes.matches(other, '01234567', await codes.hash(challenge, '01234567'))).toBe(false);
  });

  it('do not match a hash made under another secret', async () => {
    const codes = await createSignInCodes(secret);
    const others = await createSignInCodes(`${secret}!`);
    expect(await codes.matches(challenge, '01234567', await others.hash(challenge, '01234567'))).toBe(false);
  });
});
