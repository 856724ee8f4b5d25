import { describe, expect, it } from 'vitest';
import { createMailSeal } from '../../../../lib/backend/mail/seal.ts';

const secret = 'the secret of the tests, with 32 bytes or more';
const content = { kind: 'sign_in_code', code: '04213790' } as const;

describe('the seal of a mail', () => {
  it('gives back what was sealed, in another process with the same secret too', async () => {
    const sealed = await (await createMailSeal(secret)).seal('mail-1', content);
    expect(await (await createMailSeal(secret)).open('mail-1', sealed)).toEqual(content);
  });

  it('makes other bytes every time, none of which show the code', async () => {
    const seal = await createMailSeal(secret);
    const sealed = await Promise.all(Array.from({ length: 50 }, () => seal.seal('mail-1', content)));
    const texts = sealed.map((bytes) => Buffer.from(bytes).toString('latin1'));
    expect(new Set(texts).size).toBe(50);
    for (const text of texts) expect(text).not.toContain(content.code);
  });

  it.each([
    [
      'another secret',
      async (sealed: Uint8Array<ArrayBuffer>) =>
        (await createMailSeal(`not ${secret}`)).open('mail-1', sealed),
    ],
    [
      'another mail',
      async (sealed: Uint8Array<ArrayBuffer>) => (await createMailSeal(secret)).open('mail-2', sealed),
    ],
    [
      'a byte that was changed',
      async (sealed: Uint8Array<ArrayBuffer>) => {
        const changed = sealed.slice();
        changed[20] = (changed[20] ?? 0) ^ 1;
        return (await createMailSeal(secret)).open('mail-1', changed);
      },
    ],
    [
      'a part of it',
      async (sealed: Uint8Array<ArrayBuffer>) =>
        (await createMailSeal(secret)).open('mail-1', sealed.slice(0, 9)),
    ],
  ])('is not opened by %s', async (_, open) => {
    const sealed = await (await createMailSeal(secret)).seal('mail-1', content);
    await expect(open(sealed)).rejects.toThrow();
  });
});
