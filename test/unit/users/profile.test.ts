import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { normaliseEmail } from '../../../lib/users/email.ts';
import { deviceName, displayName, handle, locale, timeZone } from '../../../lib/users/profile.ts';

const parse = (schema: z.ZodType<string>, text: unknown) => schema.safeParse(text).data;

describe('an e-mail address', () => {
  it('is kept without blanks around it and in lower case', () => {
    expect(normaliseEmail('  Ada.Lovelace+Galaxy@Example.COM\n')).toBe('ada.lovelace+galaxy@example.com');
  });

  it('stays as it is when it is normalised again', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        const once = normaliseEmail(address);
        if (once !== undefined) expect(normaliseEmail(once)).toBe(once);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no @', 'ada.example.com'],
    ['no domain', 'ada@'],
    ['no name', '@example.com'],
    ['a host without a domain', 'ada@localhost'],
    ['two addresses', 'ada@example.com,bob@example.com'],
    ['a blank inside', 'ada lovelace@example.com'],
    ['a second line', 'ada@example.com\nBcc: bob@example.com'],
    ['a zero byte', 'ada\u0000@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['more than 254 characters', `${'a'.repeat(250)}@example.com`],
  ])('is refused with %s', (_, text) => {
    expect(normaliseEmail(text)).toBeUndefined();
  });
});

describe('a handle', () => {
  it.each([
    ['ada', 'ada'],
    ['Ada-99', 'ada-99'],
    ['0_o', '0_o'],
    ['a'.repeat(30), 'a'.repeat(30)],
  ])('%s is kept as %s', (text, kept) => expect(parse(handle, text)).toBe(kept));

  it.each(['', 'ab', 'a'.repeat(31), '-ada', '_ada', 'ad a', 'ädä', 'ada\n', 'аda'])(
    '%j is refused',
    (text) => expect(parse(handle, text)).toBeUndefined(),
  );
});

describe.each([
  ['a display name', displayName, 60],
  ['a device name', deviceName, 64],
])('%s', (_, schema, max) => {
  it('is kept without blanks around it, whatever script it is in', () => {
    expect(parse(schema, '  Ада Лавлейс 👩‍🚀 ')).toBe('Ада Лавлейс 👩‍🚀');
    expect(parse(schema, 'e\u0301')).toBe('é');
  });

  it('counts characters as people do, not the halves of surrogate pairs', () => {
    expect(parse(schema, '🚀'.repeat(max))).toBe('🚀'.repeat(max));
    expect(parse(schema, 'a'.repeat(max + 1))).toBeUndefined();
  });

  it.each(['', '   ', 'a\nb', 'a\u0000b', 'a\u2028b', 'a\ud800b', 'a\u202Eb', 'a\u0007'])(
    '%j is refused',
    (text) => expect(parse(schema, text)).toBeUndefined(),
  );
});

describe('a locale', () => {
  it.each([
    ['de', 'de'],
    ['DE-at', 'de-AT'],
    ['zh-hant-tw', 'zh-Hant-TW'],
  ])('%s is kept as %s', (text, kept) => expect(parse(locale, text)).toBe(kept));

  it.each(['', 'german language', 'de_AT', 'x'.repeat(36), 'de\u0000', '*'])('%j is refused', (text) =>
    expect(parse(locale, text)).toBeUndefined(),
  );
});

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'])('%s is kept', (text) =>
    expect(parse(timeZone, text)).toBe(text),
  );

  it.each(['', '+01:00', 'Mars/Olympus', 'Europe/Berlin\u0000', 'x'.repeat(65)])('%j is refused', (text) =>
    expect(parse(timeZone, text)).toBeUndefined(),
  );
});
