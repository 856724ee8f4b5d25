import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { normaliseEmail } from '../../../lib/users/email.ts';
import { deviceName, displayName, handle, locale, newHandle, timeZone } from '../../../lib/users/profile.ts';

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
    ['ada@пример.рф', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['ada@ПРИМЕР.РФ', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['ada@xn--e1afmkfd.XN--P1AI', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['ada@faß.de', 'ada@xn--fa-hia.de'],
    ['ada@例え。テスト', 'ada@xn--r8jz45g.xn--zckzah'],
    ['ada@exa\u00ADmple.com', 'ada@example.com'],
    ['ada@ｅｘａｍｐｌｅ.com', 'ada@example.com'],
    ['ada@mail.a-b--c.example.co.uk', 'ada@mail.a-b--c.example.co.uk'],
    ['u/dept@example.com', 'u/dept@example.com'],
    ['U=x@example.com', 'u=x@example.com'],
    ["!#$%&'*+-/=?^_`{|}~.a@example.com", "!#$%&'*+-/=?^_`{|}~.a@example.com"],
    [`${'a'.repeat(242)}@example.com`, `${'a'.repeat(242)}@example.com`],
    [`a@${'b'.repeat(63)}.example.com`, `a@${'b'.repeat(63)}.example.com`],
  ])('%s is kept as %s', (text, kept) => expect(normaliseEmail(text)).toBe(kept));

  it('has one form in ASCII whatever is given, and is refused or kept', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(part, fc.array(part, { minLength: 1, maxLength: 3 }), (name, labels) => {
        const kept = normaliseEmail(`${name}@${labels.join('.')}.com`);
        if (kept === undefined) return;
        expect(kept).toMatch(/^[!-?A-~]+@[a-z0-9.-]+\.com$/);
        expect(normaliseEmail(kept)).toBe(kept);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a label that ends with a hyphen', 'ada@example-.com'],
    ['a label that begins with a hyphen', 'ada@-example.com'],
    ['an empty label', 'ada@example..com'],
    ['a label of 64 characters', `ada@${'b'.repeat(64)}.com`],
    ['a label that is longer than 63 in ASCII', `ada@${'й'.repeat(58)}.рф`],
    ['a domain that ends with a dot', 'ada@example.com.'],
    ['a domain of more than 253 characters', `a@${'b.'.repeat(126)}com`],
    ['an underscore in its domain', 'ada@exa_mple.com'],
    ['an IPv4 address', 'ada@192.0.2.1'],
    ['an IPv4 address in full-width digits', 'ada@１９２.0.2.1'],
    ['an address in brackets', 'ada@[192.0.2.1]'],
    ['a port', 'ada@example.com:25'],
    ['a path', 'ada@example.com/x'],
    ['a full-width solidus', 'ada@пример.рф／x'],
    ['a full-width per cent sign', 'ada@пример％2e.рф'],
    ['an escape', 'ada@пример%2eрф.рф'],
    ['a full-width @', 'ada＠example.com'],
    ['a second @ in full width', 'ada@пример＠example.com'],
    ['a line break in a Unicode domain', 'ada@пример\n.рф'],
    ['a no-break space in its domain', 'ada@пример\u00A0.рф'],
    ['half of a surrogate pair', 'ada@прим\uD800ер.рф'],
    ['a combining mark at the beginning of a label', 'ada@\u0301example.com'],
    ['a joiner between letters that it does not join', 'ada@пример\u200Dы.рф'],
    ['a dot at the beginning', '.ada@example.com'],
    ['a dot at the end of the name', 'ada.@example.com'],
    ['two dots in a row', 'a..b@example.com'],
    ['a quoted name', '"ada lovelace"@example.com'],
    ['a name that is not ASCII', 'ада@example.com'],
    ['a name with a letter that is ASCII only in lower case', '\u212Aate@example.com'],
    ['no @', 'ada.example.com'],
    ['no domain', 'ada@'],
    ['no name', '@example.com'],
    ['a host without a domain', 'ada@localhost'],
    ['two addresses', 'ada@example.com,bob@example.com'],
    ['a blank inside', 'ada lovelace@example.com'],
    ['a second line', 'ada@example.com\nBcc: bob@example.com'],
    ['a zero byte', 'ada\u0000@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['more than 254 characters', `${'a'.repeat(243)}@example.com`],
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

describe('a handle that is taken', () => {
  it.each(['ada', 'administer', 'admin-of-orion', 'galaxy-7', 'supporter', 'modern'])('can be %s', (text) =>
    expect(parse(newHandle, text)).toBe(text),
  );

  it.each([
    'admin',
    'ADMIN',
    'adm1n',
    'adrnin',
    'ad-min_',
    'support',
    'supp0rt',
    'galaxy',
    'ga1axy',
    'galaxy_team',
    'moderator',
    'null',
    'deleted-user',
  ])('cannot be %s, but could be looked up', (text) => {
    expect(newHandle.safeParse(text).error?.issues).toMatchObject([
      { message: 'is reserved for the platform, or looks like a name that is' },
    ]);
    expect(parse(handle, text)).toBe(text.toLowerCase());
  });
});

describe('a display name of the platform', () => {
  it.each(['Admin', 'А.d-m i.n', 'ＡＤＭＩＮ', '★ Support ★', 'Galaxy Team', '𝐆𝐚𝐥𝐚𝐱𝐲'])(
    'is refused: %s',
    (text) => expect(parse(displayName, text)).toBeUndefined(),
  );

  it.each(['Administer', 'Galaxy of Orion', 'Ada (support)'])('is not %s', (text) =>
    expect(parse(displayName, text)).toBe(text),
  );

  it('can be that of a device', () => expect(parse(deviceName, 'Galaxy')).toBe('Galaxy'));
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

  it.each([
    '',
    '   ',
    'a\nb',
    'a\u0000b',
    'a\u2028b',
    'a\ud800b',
    'a\u202Eb',
    'a\u0007',
    'a\u200Bb',
    '\u3164',
    'a\uFDD0',
    'q\u0323\u0327\u0305\u0308\u0306',
  ])('%j is refused', (text) => expect(parse(schema, text)).toBeUndefined());
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
