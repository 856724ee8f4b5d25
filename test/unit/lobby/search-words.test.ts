import { describe, expect, test } from 'vitest';
import { searchBeginningsOf, searchWordsOf } from '../../../lib/lobby/domain/search-words.ts';

function finds(query: string, text: string): boolean {
  const words = searchWordsOf(text);
  const beginnings = searchBeginningsOf(query);
  return (
    beginnings.length > 0 && beginnings.every((beginning) => words.some((word) => word.startsWith(beginning)))
  );
}

describe('a text is found', () => {
  test.each([
    ['GROSSE', 'Große Schlacht'],
    ['große', 'GROSSE SCHLACHT'],
    ['ISTANBUL', 'İstanbul'],
    ['ΣΊΣΥΦΟΣ', 'Σίσυφος'],
    ['елка', 'Ёлка'],
    ['orion', 'ＯＲＩＯＮ ２'],
    ['２', 'Orion 2'],
    ['cafe', 'Café'],
    ['café', 'Cafe'],
    ['cafe\u0301', 'Café'],
    ['שלום', 'שָׁלוֹם'],
    ['fi', 'ﬁne'],
  ])('%s finds %s', (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  test.each([
    ['銀', '銀河戦争'],
    ['河', '銀河戦争'],
    ['争', '銀河戦争'],
    ['銀河', '大銀河戦争'],
    ['河戦争', '銀河戦争'],
    ['戦争 銀河', '銀河戦争'],
    ['银河', 'galaxy银河2'],
    ['galaxy', 'galaxy银河2'],
    ['コーヒ', 'ブラックコーヒー'],
    ['ガ', 'ｶﾞﾝﾀﾞﾑ'],
    ['ชาว', 'สวัสดีชาวโลก'],
    ['한국', '한국어 게임'],
  ])('in scripts without blanks wherever the query begins: %s finds %s', (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  test.each([
    ['rion', 'Orion'],
    ['戦河', '銀河戦争'],
    ['か', 'がぎ'],
    ['の', 'に'],
    ['आ', 'ई'],
    ['국어', '한국어'],
  ])('but not by other letters: %s does not find %s', (query, text) => {
    expect(finds(query, text)).toBe(false);
  });
});

test('a run of 2,000 letters is known by its beginning, whatever it is asked with', () => {
  const run = 'abcdefghij'.repeat(200);
  expect(searchWordsOf(run)).toEqual(['abcdefghij'.repeat(4)]);
  for (const length of [1, 39, 40, 41, 100, 2_000]) expect(finds(run.slice(0, length), run)).toBe(true);
  expect(finds(`b${run}`, run)).toBe(false);
});

test('words are bounded in number and length, whatever the text', () => {
  const texts = ['銀'.repeat(2_000), '銀河'.repeat(1_000), 'ก\u0E34\u0E48'.repeat(700), 'a b '.repeat(500)];
  for (const text of texts) {
    const words = searchWordsOf(text);
    expect(words.length).toBeLessThanOrEqual(2_000);
    expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(40);
  }
});

test.each(['', '  ', '\u0301', "'&!(:*", '—'])('there is nothing to find in %j', (text) => {
  expect(searchWordsOf(text)).toEqual([]);
  expect(searchBeginningsOf(text)).toEqual([]);
});
