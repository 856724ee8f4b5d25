import { describe, expect, test } from 'vitest';
import { unicodeVersion } from '../../../lib/names/generated/unicode-tables.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { foldCase, replaceConfusables } from '../../../lib/names/unicode.ts';

describe('the Unicode tables', () => {
  test('are of the version that docs/race-names.md tells', () => {
    expect(unicodeVersion).toBe('15.0.0');
  });

  // Rows of confusables.txt, as published.
  test.each([
    ['0430', '0061', 'CYRILLIC SMALL LETTER A'],
    ['0412', '0042', 'CYRILLIC CAPITAL LETTER VE'],
    ['0432', '0299', 'CYRILLIC SMALL LETTER VE'],
    ['0411', '0062 0304', 'CYRILLIC CAPITAL LETTER BE'],
    ['03C3', '006F', 'GREEK SMALL LETTER SIGMA'],
    ['0392', '0042', 'GREEK CAPITAL LETTER BETA'],
    ['0049', '006C', 'LATIN CAPITAL LETTER I'],
    ['0031', '006C', 'DIGIT ONE'],
    ['0030', '004F', 'DIGIT ZERO'],
    ['FF21', '0041', 'FULLWIDTH LATIN CAPITAL LETTER A'],
    ['1D400', '0041', 'MATHEMATICAL BOLD CAPITAL A'],
    ['02BC', '0027', 'MODIFIER LETTER APOSTROPHE'],
    ['0661', '006C', 'ARABIC-INDIC DIGIT ONE'],
    ['13A0', '0044', 'CHEROKEE LETTER A'],
    ['01C9', '006C 006A', 'LATIN SMALL LETTER LJ'],
    ['064F', '0313', 'ARABIC DAMMA'],
    ['05AD', '0596', 'HEBREW ACCENT DEHI'],
  ])('map U+%s to %s: %s', (source, target) => {
    const characters = (codes: string) =>
      String.fromCodePoint(...codes.split(' ').map((code) => Number.parseInt(code, 16)));
    expect(replaceConfusables(characters(source))).toBe(characters(target));
    expect(nameKeys(characters(source)).skeleton).toBe(nameKeys(characters(target)).skeleton);
  });

  test('leave ASCII letters alone, but for the capital I', () => {
    const ascii = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    expect(replaceConfusables(ascii)).toBe(ascii.replace('I', 'l'));
  });

  test('fold case fully, and not the Turkish way', () => {
    expect(foldCase('IİẞßΣςꭰﬃ')).toBe('ii\u0307ssssσσᎠffi');
  });
});
