import { describe, expect, it } from 'vitest';
import { shownNameProblem } from '../../../lib/names/shown-name.ts';

describe('a name that is shown', () => {
  it.each([
    ['Ada', 'Latin letters'],
    ["O'Brien-Łukasz, 3. (of 4)!", 'punctuation and digits'],
    ['Ада Лавлейс', 'another script'],
    ['אבג ابت', 'scripts from right to left'],
    ['नक्‍ष', 'a joiner after a virama'],
    ['ක්‍රි', 'the same in Sinhala'],
    ['می‌خواهم', 'a non-joiner between Arabic letters'],
    ['นักบินอวกาศที่', 'Thai vowels and tones'],
    ['မြို့', 'four marks on a letter'],
    ['Nguyễn', 'letters with two accents'],
    ['👩‍🚀 🏳️‍🌈 👨‍👩‍👧‍👦 🧑🏽‍🦰', 'pictures of several symbols'],
    ['❤️ ☎︎ 1️⃣ #⃣', 'selectors and keycaps'],
    ['👍🏽 🇩🇪', 'skin tones and flags'],
  ])('%s can be: %s', (name) => expect(shownNameProblem(name)).toBeUndefined());

  const unseen = 'must not contain characters that cannot be seen';
  const marks = 'must have combining marks after letters only, at most 4 in a row, none twice in a row';
  const unreadable = 'must not contain control characters or characters that could not be read';
  it.each([
    ['A\u200Bda', unseen],
    ['A\u200Dda', unseen],
    ['А\u200Cда', unseen],
    ['漢\u200D字', unseen],
    ['👩\u200D', unseen],
    ['Ada\uFE0F', unseen],
    ['Ada\u{E0061}', unseen],
    ['Ada\u{E0101}', unseen],
    ['Ada\u00AD', unseen],
    ['\u200EAda', unseen],
    ['Ada\u061C', unseen],
    ['Ada\uFFF9', unseen],
    ['Ada\uFFFC', unseen],
    ['\u3164', unseen],
    ['\u2800', unseen],
    ['\u00A0\u3000', unseen],
    ['\u0301', unseen],
    ['A\u0323\u0327\u0305\u0308\u0306da', marks],
    ['A\u0305\u0305da', marks],
    [`Z${'\u0489\u0488'.repeat(20)}`, marks],
    ['"\u0301Ada', marks],
    ['Ada \u0301', marks],
    ['★\u0338', marks],
    ['Ada\uFFFE', unreadable],
    ['Ada\uFDD0', unreadable],
    ['Ada\u{1FFFF}', unreadable],
    ['Ada\uE000', unreadable],
    ['Ada\uFFFD', unreadable],
    ['Ada\uD800', unreadable],
    ['Ada\u0000', unreadable],
    ['Ada\u0085', unreadable],
    ['Ada\nEve', 'must be one line'],
    ['Ada\u2028Eve', 'must be one line'],
    ['Ada\u202EevE', 'must not contain marks that turn the direction of what follows'],
    ['Ada\u2067evE', 'must not contain marks that turn the direction of what follows'],
  ])('%j %s', (name, problem) => expect(shownNameProblem(name)).toBe(problem));
});
