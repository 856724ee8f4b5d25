/*
 * What Unicode says about characters, in the one version that the generated tables are of, whatever version the
 * JavaScript engine has. Normalisation is left to the engine: it never changes for characters already assigned, and
 * names hold only characters that the pinned version assigns.
 */
import {
  confusables,
  digits,
  folding,
  leftToRight,
  letters,
  marks,
  rightToLeft,
} from './generated/unicode-tables.ts';

export const isLetter = membership(letters);
export const isDigit = membership(digits);
export const isMark = membership(marks);
export const isLeftToRight = membership(leftToRight);
/** Letters written from right to left, and digits that are used with them. */
export const isRightToLeft = membership(rightToLeft);

/** Unicode's full case folding (CaseFolding.txt, C and F) of every character. */
export const foldCase = replacement(folding);
/** Replaces every character by the prototype of its look-alikes (UTS #39, section 4). Takes NFD. */
export const replaceConfusables = replacement(confusables);

/** Reads words of `gap+size`, base 36, and returns whether a character is in one of these ranges. */
function membership(table: string): (character: string) => boolean {
  const firsts: number[] = [];
  const ends: number[] = [];
  let end = 0;
  for (const word of table.trim().split(/\s+/)) {
    const [gap = '', size = ''] = word.split('+');
    const first = end + Number.parseInt(gap, 36);
    end = first + Number.parseInt(size, 36);
    firsts.push(first);
    ends.push(end);
  }
  return (character) => {
    const code = character.codePointAt(0) ?? 0;
    let low = 0;
    let high = firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] ?? 0) <= code) low = middle + 1;
      else high = middle;
    }
    return code >= (firsts[low] ?? Number.POSITIVE_INFINITY);
  };
}

/** Reads words of `gap=target.target`, base 36, and replaces the characters of a text accordingly. */
function replacement(table: string): (text: string) => string {
  const targets = new Map<number, string>();
  let source = 0;
  for (const word of table.trim().split(/\s+/)) {
    const [gap = '', target = ''] = word.split('=');
    source += Number.parseInt(gap, 36);
    const codes = target.split('.').map((code) => Number.parseInt(code, 36));
    targets.set(source, String.fromCodePoint(...codes));
  }
  return (text) => {
    let replaced = '';
    for (const character of text) replaced += targets.get(character.codePointAt(0) ?? 0) ?? character;
    return replaced;
  };
}
