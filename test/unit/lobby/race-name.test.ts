import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type NameKeys,
  parseRaceName,
  type RaceNameProblem,
} from '../../../lib/lobby/domain/race-name/canonical.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { isDigit, isLetter, isMark } from '../../../lib/names/unicode.ts';

function keysOf(raw: string): NameKeys {
  const parsed = parseRaceName(raw);
  if (!parsed.ok) throw new Error(`${JSON.stringify(raw)} is refused: ${parsed.message}`);
  return parsed.keys;
}

function collide(a: NameKeys, b: NameKeys): boolean {
  return a.folded === b.folded || a.skeleton === b.skeleton;
}

function reasonOf(raw: string): RaceNameProblem | 'accepted' {
  const parsed = parseRaceName(raw);
  return parsed.ok ? 'accepted' : parsed.reason;
}

// Characters where normalising, folding and look-alikes meet: several alphabets and their presentation forms.
const alphabet = [
  ...'abcdfgilmnorstwzABCIJKLMNORSTZ0123456789',
  ...'àçéñöüßæøþłſǅŉİıĸ',
  ...'авекмнопрстухіјБВГЕКМНОРСТУХЯёй',
  ...'αβγικνορςσυχΑΒΓΕΗΙΚΜΝΟΡΣΤΥΧΩάΐᾳᾈ',
  ...'ａｂｄｍＡＢＤＭ１０ﬁﬃ𝐦𝐈𝟏𝔞ʼʹªᵃ',
  ...'ꭰᎠꮃᏔႠⴀკᲙ',
  ...'かガｶﾞー漢豈가각나한글가',
  ...'हिन्दीไทยที่မြို့',
  ...'אבשלוםﬡابتكﻙ٠١۱',
  ...'\u0301\u0307\u0308\u0323\u0327\u0345',
  ..." -'.",
];
const text = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 24 });
// Mostly Latin, so that most are accepted; the filter drops the rest.
const validName = fc
  .oneof(
    fc.string({
      unit: fc.constantFrom(...alphabet.filter((character) => /[\p{Lu}\p{Ll}\p{Nd}]/u.test(character))),
      minLength: 3,
      maxLength: 24,
    }),
    text,
  )
  .filter((raw) => parseRaceName(raw).ok);

describe('what a race name may be', () => {
  test.each([
    'Bob',
    "Zyx'anth of Tau-Ceti 4.",
    'Žluťoučký kůň',
    'Страж Ориона',
    'Λέων',
    '銀河帝国',
    '은하 제국',
    'हिन्दी',
    'မြို့သူ',
    'שָׁלוֹם 42',
    'مجرة ٤٢',
    'ＧＡＬＡＸＩＡＮ',
  ])('%s is accepted, and kept as it was written', (raw) => {
    expect(parseRaceName(raw)).toMatchObject({ ok: true, name: raw.normalize('NFC') });
  });

  test('the name is stored in NFC and otherwise as it was written', () => {
    expect(parseRaceName('Re\u0301mi X')).toMatchObject({ ok: true, name: 'R\u00E9mi X' });
    expect(parseRaceName('Ｚｙｘ')).toMatchObject({ ok: true, name: 'Ｚｙｘ' });
  });

  test.each<[string, string, RaceNameProblem | 'accepted']>([
    ['nothing', '', 'length'],
    ['two letters', 'Zy', 'length'],
    ['three letters', 'Zyx', 'accepted'],
    ['twenty-four letters', 'z'.repeat(24), 'accepted'],
    ['twenty-five letters', 'z'.repeat(25), 'length'],
    ['twenty-four letters outside the basic plane', '𝐙'.repeat(24), 'accepted'],
    ['twenty-five letters outside the basic plane', '𝐙'.repeat(25), 'length'],
    [
      'twenty-four letters, decomposed to four code points each',
      '\u1F82'.repeat(24).normalize('NFD'),
      'accepted',
    ],
    ['two letters, decomposed to three code points each', '\u1EAD\u1EAD'.normalize('NFD'), 'length'],
    ['a megabyte of letters', 'z'.repeat(1_000_000), 'length'],
    ['a space first', ' Zyx', 'spacing'],
    ['a space last', 'Zyx ', 'spacing'],
    ['two spaces together', 'Zyx  II', 'spacing'],
    ['only punctuation', "-.'-", 'character'],
    ['only digits', '4711', 'accepted'],
    ['a tab', 'Zyx\tII', 'character'],
    ['a line feed', 'Zyx\nII', 'character'],
    ['a NUL', 'Zyx\0', 'character'],
    ['a no-break space', 'Zyx\u00A0II', 'character'],
    ['an ideographic space', 'Zyx\u3000II', 'character'],
    ['an underscore', 'Zyx_II', 'character'],
    ['a slash', 'Zyx/II', 'character'],
    ['a typographic apostrophe', 'Zyx\u2019anth', 'character'],
    ['an en dash', 'Zyx\u2013II', 'character'],
    ['a superscript two, which is no decimal digit', 'Zyx\u00B2', 'character'],
    ['a Roman numeral sign', 'Zyx \u2163', 'character'],
    ['a zero-width space', 'Z\u200Byx', 'character'],
    ['a zero-width non-joiner', 'Z\u200Cyx', 'character'],
    ['a zero-width joiner', 'Z\u200Dyx', 'character'],
    ['a soft hyphen', 'Z\u00ADyx', 'character'],
    ['a byte order mark', '\uFEFFZyx', 'character'],
    ['a left-to-right mark', 'Zyx\u200E', 'character'],
    ['a right-to-left mark', 'Zyx\u200F', 'character'],
    ['a right-to-left override', '\u202EZyx', 'character'],
    ['a right-to-left isolate', '\u2067Zyx\u2069', 'character'],
    ['a combining grapheme joiner', 'Zy\u034Fx', 'character'],
    ['a variation selector', 'Zyx\uFE0F', 'character'],
    ['a Hangul filler, a letter that cannot be seen', 'Zyx\u3164', 'character'],
    ['a half-width Hangul filler', 'Zyx\uFFA0', 'character'],
    ['a tag character', 'Zyx\u{E0041}', 'character'],
    ['an emoji', 'Zyx😀', 'character'],
    ['an emoji keycap', 'Zyx1\u20E3', 'character'],
    ['a flag', 'Zyx🇪🇺', 'character'],
    ['a private-use character', 'Zyx\uE000', 'character'],
    ['a noncharacter', 'Zyx\uFFFF', 'character'],
    ['a high surrogate alone', 'Zyx\uD83D', 'character'],
    ['a low surrogate alone', '\uDE00Zyx', 'character'],
    ['a letter that Unicode 16 added', 'Zyx\u1C89', 'character'],
    ['a mark at the beginning', '\u0301Zyx', 'marks'],
    ['a mark after a space', 'Zyx \u0301II', 'marks'],
    ['a mark after a digit', 'Zyx 4\u0301', 'marks'],
    ['four marks in a row', 'Zy\u0323\u0327\u0305\u0308x', 'accepted'],
    ['five marks in a row', 'Zq\u0323\u0327\u0305\u0308\u0306x', 'marks'],
    ['the same mark twice', 'Zq\u0305\u0305x', 'marks'],
    ['Hebrew letters and a number', 'אבג 12', 'accepted'],
    ['a number before Hebrew letters', '12 אבג', 'direction'],
    ['Hebrew and Latin letters', 'אבגZyx', 'direction'],
    ['Latin and Arabic letters', 'Zyxاب', 'direction'],
    ['Latin letters with Arabic digits', 'Zyx ٢', 'direction'],
    ['Arabic letters with Arabic and European digits', 'ابت 1٢', 'direction'],
  ])('with %s', (_what, raw, expected) => {
    expect(reasonOf(raw)).toBe(expected);
  });

  test('a refusal names the character, by its code point where there is nothing to see', () => {
    expect(parseRaceName('Zyx★')).toMatchObject({
      message: expect.stringContaining('Character 4 of the race name, "★" (U+2605)'),
    });
    expect(parseRaceName('Z\u202Eyx')).toMatchObject({
      message: expect.stringContaining('race name, U+202E, is'),
    });
    expect(parseRaceName('Zyx\uD83D')).toMatchObject({
      message: expect.stringContaining('race name, U+D83D, is'),
    });
  });

  test('any text at all gets an answer, and an accepted one is accepted again unchanged', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), text), fc.string(), (raw, rest) => {
        for (const tried of [raw, raw + rest, `${raw}\uD800`]) {
          const parsed = parseRaceName(tried);
          if (parsed.ok) expect(parseRaceName(parsed.name)).toEqual(parsed);
          else expect(parsed.message).not.toBe('');
        }
      }),
      { numRuns: 700 },
    );
  });
});

describe('which race names are the same', () => {
  test.each([
    ['other case', 'PayPal', 'PAYPAL'],
    ['full case folding', 'Straße', 'STRASSE'],
    ['final sigma', 'Λόγος', 'ΛΌΓΟΣ'],
    ['full-width letters', 'PayPal', 'ＰａｙＰａｌ'],
    ['full-width letters that the confusables lack, mixed with Cyrillic', 'Dan', 'Ｄаn'],
    ['mathematical letters', 'Maximus', '𝐌𝐚𝔵𝕚𝗺𝘂𝙨'],
    ['a ligature', 'Fifine', 'Fiﬁne'],
    ['Cyrillic letters', 'PayPal', 'РауРаl'],
    ['Cyrillic capitals', 'BOHEMA', 'ВОНЕМА'],
    ['Cyrillic in the other case', 'PAYPAL', 'рaypal'],
    ['a Cyrillic capital whose lower case looks different', 'bob', 'Воb'],
    ['Greek letters', 'Kono', 'Κονο'.replace('ν', 'n')],
    ['Greek capitals', 'ZEBPA', 'ΖΕΒΡΑ'],
    ['Cherokee letters', 'DAN', 'ᎠAN'],
    ['capital I and small l', 'Illya', 'lIIya'],
    ['one and small l', 'Zyl', 'Zy1'],
    ['zero and capital O', 'Orion', '0rion'],
    ['Arabic-Indic digits that look the same', 'سبا ١', 'سبا ۱'],
    ['a dot above i, hidden by its own', 'Cimi', 'Ci\u0307mi'],
    ['composed and decomposed accents', 'Re\u0301mi', 'R\u00E9mi'],
    ['half-width kana', 'ガンマ', 'ｶﾞﾝﾏ'],
    ['a letter apostrophe', "Zyx'anth", 'Zyx\u02BCanth'],
  ])('%s: %s and %s', (_why, a, b) => {
    expect(collide(keysOf(a), keysOf(b))).toBe(true);
  });

  test.each([
    ['warning', 'waming'],
    ['Modern', 'Modem'],
    ['Zyx', 'Zyy'],
    ['Remi', 'Rémi'],
    ['Bob', 'Bob-'],
    ['Bob', 'Bob.'],
    ['Bob.', "Bob'"],
    ['Tau Ceti', 'TauCeti'],
    ['Tau Ceti', 'Tau-Ceti'],
    ['bob', 'воb'],
    ['Лев', 'Лес'],
    ['漢字', '漢宇'].map((word) => `${word}帝`),
  ])('%s and %s are two names', (a, b) => {
    expect(collide(keysOf(a ?? ''), keysOf(b ?? ''))).toBe(false);
  });

  test('what looks like m is m, not rn', () => {
    for (const m of ['m', '𝐦', '𝚖', 'ｍ']) {
      expect(collide(keysOf(`wa${m}ing`), keysOf('waming'))).toBe(true);
      expect(collide(keysOf(`wa${m}ing`), keysOf('warning'))).toBe(false);
    }
  });

  // Keys are stored: what they are may change with the pinned version of Unicode only.
  test.each([
    ['Bob', 'bob', 'bob'],
    ['Illya 10', 'illya 10', 'lllya lo'],
    ['R\u00E9mi', 'r\u00E9mi', 'r\u00E9mi'],
    ['Ｚｙｘ', 'zyx', 'zyx'],
    ['Воb', 'воb', 'bob'],
    ['Лёва', 'л\u0451ва', '\u028C\u00EB\u0299a'],
    ['Straße', 'strasse', 'strasse'],
    ['ſam', 'sam', 'fam'],
    ['각하님', '각하님', '가\u1100하\u1102丨\u1106'],
  ])('the keys of %s are %s and %s', (name, folded, skeleton) => {
    expect(keysOf(name)).toEqual({ folded, skeleton });
  });

  test('canonicalising twice changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(validName, text), (name) => {
        const keys = nameKeys(name);
        expect(nameKeys(keys.folded).folded).toBe(keys.folded);
        expect(nameKeys(keys.skeleton).skeleton).toBe(keys.skeleton);
      }),
      { numRuns: 700 },
    );
  });

  test('canonicalising twice changes nothing for any single character a name may have', () => {
    const unsettled: string[] = [];
    let checked = 0;
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      if (!isLetter(character) && !isDigit(character) && !isMark(character)) continue;
      checked++;
      const keys = nameKeys(character);
      if (nameKeys(keys.folded).folded !== keys.folded) unsettled.push(`folded U+${code.toString(16)}`);
      if (nameKeys(keys.skeleton).skeleton !== keys.skeleton)
        unsettled.push(`skeleton U+${code.toString(16)}`);
    }
    expect(unsettled).toEqual([]);
    expect(checked).toBe(138_954);
  }, 60_000);

  test('the form of normalisation in which a name comes makes no difference', () => {
    fc.assert(
      fc.property(validName, (raw) => {
        expect(parseRaceName(raw.normalize('NFC'))).toEqual(parseRaceName(raw));
        expect(parseRaceName(raw.normalize('NFD'))).toEqual(parseRaceName(raw));
        for (const form of ['NFKC', 'NFKD']) {
          const compatible = parseRaceName(raw.normalize(form));
          if (compatible.ok) expect(compatible.keys.folded).toBe(keysOf(raw).folded);
        }
      }),
      { numRuns: 700 },
    );
  });

  test('upper and lower case make no difference', () => {
    fc.assert(
      fc.property(validName, (raw) => {
        expect(nameKeys(raw.normalize('NFC').toLowerCase()).folded).toBe(keysOf(raw).folded);
        // Two letters have capitals that fold to something else: Unicode folds a dotless i to itself, and a Greek iota
        // subscript becomes a letter of its own that takes the accents behind it.
        const plain = raw.normalize('NFD').replaceAll('ı', 'i').replaceAll('\u0345', '');
        expect(nameKeys(plain.toUpperCase()).folded).toBe(nameKeys(plain).folded);
      }),
      { numRuns: 700 },
    );
  });

  test('a name written with look-alikes, in any mixture, is the same name', () => {
    const lookAlikes: Record<string, string[]> = {
      A: ['А', 'Α', 'Ａ', '𝐀', 'a'],
      B: ['В', 'Β', 'Ｂ', '𝔅', 'b'],
      a: ['а', 'ａ', '𝒂', 'A'],
      c: ['с', 'ϲ', 'ｃ', 'C'],
      e: ['е', 'ｅ', '𝖊', 'E'],
      l: ['I', '1', 'Ӏ', 'ｌ', '𝟏'],
      m: ['ｍ', '𝓂', 'M'],
      o: ['о', 'ο', '0', 'ｏ', 'σ', 'O'],
      p: ['р', 'ρ', 'ｐ', 'P'],
      x: ['х', 'ⅹ'.normalize('NFKC'), 'ｘ', 'X'],
      y: ['у', 'γ', 'ｙ', 'Y'],
      d: ['ｄ', '𝐝', 'D'],
    };
    const letter = fc.constantFrom(...Object.keys(lookAlikes));
    const pair = letter.chain((plain) =>
      fc.tuple(fc.constant(plain), fc.constantFrom(plain, ...(lookAlikes[plain] ?? []))),
    );
    fc.assert(
      fc.property(fc.array(pair, { minLength: 3, maxLength: 24 }), (pairs) => {
        const plain = pairs.map(([character]) => character).join('');
        const forged = pairs.map(([, character]) => character).join('');
        expect(nameKeys(forged).skeleton).toBe(nameKeys(plain).skeleton);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('reserved race names', () => {
  test.each([
    'admin',
    'Administrator',
    'MODERATOR',
    'Galaxy',
    'Support',
    'server',
    'null',
    'Undefined',
    'neutral',
    'Unknown',
    'deleted',
    'Game Master',
    'GameMaster',
    'A.d-m i.n',
    "'system'",
    'ＡＤＭＩＮ',
    'Ａdmin',
    'аdmin',
    'ΑDMΙN',
    'AdmIn',
    'adm1n'.replace('1', 'і'),
    'admi\u0307n',
    'Adrnin',
    'G4laxy'.replace('4', 'а'),
    'аdminΙstrаtоr',
    'ſtaff',
    'nu11',
    'm0derat0r',
  ])('%s is refused', (raw) => {
    expect(reasonOf(raw)).toBe('reserved');
  });

  test.each([
    'Administer',
    'Galaxian',
    'Modern',
    'Null-G',
    'Systema',
    'Supporter',
    'Player 1',
    'Neutralia',
    'Ali',
    'Mona',
  ])('%s is not', (raw) => {
    expect(reasonOf(raw)).toBe('accepted');
  });
});
