import { describe, expect, it } from 'vitest';
import { createRecoveryCodes } from '../../../lib/backend/recovery-codes.ts';
import { normaliseRecoveryCode, recoveryCode } from '../../../lib/users/recovery-code.ts';

const secret = 'the secret of the tests, with 32 bytes or more';

describe('a recovery code', () => {
  it('is another each time, of every character of the alphabet, and of no look-alikes', async () => {
    const { newCode } = await createRecoveryCodes(secret);
    const codes = Array.from({ length: 500 }, newCode);
    expect(new Set(codes).size).toBe(500);
    const characters = codes.join('').replaceAll('-', '');
    expect(characters.length).toBe(10_000);
    expect([...new Set(characters)].toSorted().join('')).toBe('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
    // Each comes 312 times on average; one that a slip favoured or left out would be far away.
    for (const character of new Set(characters)) {
      const count = characters.split(character).length - 1;
      expect(count).toBeGreaterThan(200);
      expect(count).toBeLessThan(440);
    }
  });

  it.each([
    '7K3QZ-0M9RX-2PVTA-H41DC',
    '7k3qz 0m9rx 2pvta h41dc',
    '7K3QZOM9RX2PVTAH4IDC',
    ' 7K3QZ-oM9RX-2PVTA-H4LDC ',
  ])('typed as %j is the same', async (typed) => {
    const { hash } = await createRecoveryCodes(secret);
    expect(recoveryCode.parse(typed)).toBe(typed);
    expect(normaliseRecoveryCode(typed)).toBe('7K3QZ0M9RX2PVTAH41DC');
    expect(await hash(typed)).toEqual(await hash('7K3QZ-0M9RX-2PVTA-H41DC'));
  });

  it.each(['', '7K3QZ', '7K3QZ-0M9RX-2PVTA-H41DU', '7K3QZ-0M9RX-2PVTA-H41DC7', ' '.repeat(60)])(
    'is not %j',
    (typed) => {
      expect(recoveryCode.safeParse(typed).success).toBe(false);
    },
  );

  it('has another hash under another secret', async () => {
    const [one, other] = await Promise.all([createRecoveryCodes(secret), createRecoveryCodes(`${secret}!`)]);
    expect(await one.hash('7K3QZ-0M9RX-2PVTA-H41DC')).not.toEqual(
      await other.hash('7K3QZ-0M9RX-2PVTA-H41DC'),
    );
  });
});
