// The words by which games are found. Text and query go through the same steps, so that a player finds what others
// wrote in another case, width or keyboard: `GROSSE` finds `Große`, `cafe` finds `Café`, `orion` finds `ＯＲＩＯＮ`.
//
// - The form: NFKC, full case folding, and no accents or vowel points. The marks of other scripts stay, as they are
//   parts of letters there.
// - A word is a run of letters, marks and digits. Scripts that are written without blanks have no such words, so every
//   two neighbouring letters are a word, and the last letter alone: a query may begin and end anywhere in the text.
// - A longer word is known by its beginning, in the text as in the query.
import { foldCase } from '../../names/unicode.ts';

/** Changes whenever the same text has other words than before, so that the words of stored games are made again. */
export const searchWordsVersion = 1;

const maxWordLength = 40;

/** How many games all pages of a text filter scan together. */
export const searchedInAll = 20_000;

/** The kana's voiced sound marks make other letters; NFKC joins them to theirs. */
const accents = /(?![\u3099\u309A])[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]/u;
const marks = /\p{M}/gu;
const words = /[\p{L}\p{M}\p{N}]+/gu;
const runsWithoutBlanks =
  /(?:[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tale}\p{sc=Talu}\p{sc=Lana}\p{sc=Tavt}\p{sc=Bali}\p{sc=Java}\u30FC][\p{M}]*)+/gu;
const lettersWithMarks = /\P{M}\p{M}{0,4}/gu;

/** The words of a text, each once. */
export function searchWordsOf(text: string): string[] {
  return [
    ...new Set(partsOf(text, (letters) => letters.map((letter, i) => `${letter}${letters[i + 1] ?? ''}`))),
  ];
}

/** The beginnings of words that a text must have for a query to find it; none if there is no letter or digit in it. */
export function searchBeginningsOf(query: string): string[] {
  return [
    ...new Set(
      partsOf(query, (letters) =>
        letters.length === 1 ? letters : letters.slice(1).map((letter, i) => `${letters[i]}${letter}`),
      ),
    ),
  ];
}

function partsOf(text: string, pairsOf: (letters: string[]) => string[]): string[] {
  return (inSearchForm(text).match(words) ?? []).flatMap((word) => {
    const runs = word.match(runsWithoutBlanks) ?? [];
    const others = word.split(runsWithoutBlanks).filter((other) => /[\p{L}\p{N}]/u.test(other));
    const pairs = runs.flatMap((run) => pairsOf(run.match(lettersWithMarks) ?? []));
    return [...others.map(beginningOf), ...pairs];
  });
}

function beginningOf(word: string): string {
  return [...word].slice(0, maxWordLength).join('');
}

function inSearchForm(text: string): string {
  const folded = foldCase(foldCase(text.normalize('NFKD')).normalize('NFKD'));
  return folded.replace(marks, (mark) => (accents.test(mark) ? '' : mark)).normalize('NFKC');
}
