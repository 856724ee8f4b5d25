// Properties of the two keys that race-name.test.ts shows by example: what is done to a name that leaves it the same name
// may be done in any order, and as often as one likes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRaceName } from '../../../lib/lobby/domain/race-name/canonical.ts';
import { nameKeys } from '../../../lib/names/keys.ts';

const letters = [
  ...'abdgilmnorstxzABDGILMNORSTXZ',
  ...'àçéñößæøşÅİ',
  ...'авекмнорсухВНРСЯёй',
  ...'αβγινορςσΑΒΗΝΡΣΩά',
  ...'ａｄｍＡＤＭ１ﬁ𝐦𝐈',
  ...'かガｶﾞ가각한',
];
const digits = [...'0123456789'];
const name = fc.string({ unit: fc.constantFrom(...letters, ...digits), minLength: 3, maxLength: 20 });

/** A `from` in its full-width form, where it has one. */
const widen = (text: string) =>
  text.replaceAll(/[!-~]/g, (character) => String.fromCodePoint(character.charCodeAt(0) + 0xfee0));

describe('the folded key', () => {
  const steps: Record<string, (text: string) => string> = {
    'lower case': (text) => text.toLowerCase(),
    NFC: (text) => text.normalize('NFC'),
    NFD: (text) => text.normalize('NFD'),
    NFKC: (text) => text.normalize('NFKC'),
    NFKD: (text) => text.normalize('NFKD'),
    'full width': widen,
    'the key itself': (text) => nameKeys(text).folded,
  };

  test('does not depend on what was folded or normalised before, in which order and how often', () => {
    fc.assert(
      fc.property(name, fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 8 }), (raw, order) => {
        const changed = order.reduce((text, step) => steps[step]?.(text) ?? text, raw);
        expect(nameKeys(changed).folded).toBe(nameKeys(raw).folded);
      }),
      { numRuns: 3_000 },
    );
  });

  test('does not depend on upper case either, in any order with normalising', () => {
    // A dotless i has the capital of another letter.
    const plain = name.filter((raw) => !/[ıİ]/.test(raw));
    const order = fc.array(fc.constantFrom('upper', 'NFC', 'NFD', 'lower', 'full width'), { maxLength: 6 });
    fc.assert(
      fc.property(plain, order, (raw, steps) => {
        const changed = steps.reduce((text, step) => {
          if (step === 'upper') return text.toUpperCase();
          if (step === 'lower') return text.toLowerCase();
          return step === 'full width' ? widen(text) : text.normalize(step);
        }, raw);
        expect(nameKeys(changed).folded).toBe(nameKeys(raw).folded);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the skeleton', () => {
  test('does not depend on the form of normalisation, nor on being taken before', () => {
    const steps: Record<string, (text: string) => string> = {
      NFC: (text) => text.normalize('NFC'),
      NFD: (text) => text.normalize('NFD'),
      'the key itself': (text) => nameKeys(text).skeleton,
    };
    fc.assert(
      fc.property(name, fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 6 }), (raw, order) => {
        const changed = order.reduce((text, step) => steps[step]?.(text) ?? text, raw);
        expect(nameKeys(changed).skeleton).toBe(nameKeys(raw).skeleton);
      }),
      { numRuns: 3_000 },
    );
  });

  test('of a name is made of the skeletons of its characters, whichever way they are put together', () => {
    // Without characters that join what is beside them.
    const plain = fc.string({ unit: fc.constantFrom(...'abdgilmnrstxzABDGLMNORSTXZавекмнорсухВНРС0123') });
    fc.assert(
      fc.property(plain, plain, (front, back) => {
        const { skeleton } = nameKeys(front + back);
        expect(skeleton).toBe(nameKeys(front).skeleton + nameKeys(back).skeleton);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('marks that do not meet make one name, in whichever order they come', () => {
  // Below, attached, above, overlaid: each of a combining class of its own, so that they do not stack.
  const marks = ['\u0323', '\u0327', '\u0308', '\u0338'];
  const orders = fc
    .shuffledSubarray(marks)
    .chain((chosen) =>
      fc.tuple(
        fc.constant(chosen),
        fc.shuffledSubarray(chosen, { minLength: chosen.length, maxLength: chosen.length }),
      ),
    );
  fc.assert(
    fc.property(fc.constantFrom(...'aeoqxzаеοχ'), orders, (letter, [some, others]) => {
      const [one, other] = [some, others].map((order) => parseRaceName(`Zy${letter}${order.join('')}x`));
      expect(one).toMatchObject({ ok: true });
      expect(other).toEqual(one);
    }),
    { numRuns: 500 },
  );
});

test('a reserved word is refused in any mixture of case, look-alikes, widths, spaces and punctuation', () => {
  const forms: Record<string, string> = {
    a: 'aAаАａ',
    d: 'dDｄ',
    e: 'eEеЕｅ',
    i: 'iIіｉ',
    l: 'lLI1ｌ',
    m: 'mMｍ',
    n: 'nNｎ',
    o: 'oO0оОｏο',
    p: 'pPрРｐ',
    r: 'rRｒ',
    s: 'sSｓѕ',
    t: 'tTｔ',
    u: 'uUｕ',
    y: 'yYуｙ',
  };
  const forged = fc
    .constantFrom('admin', 'moderator', 'support', 'null', 'system', 'neutral', 'nobody')
    .chain((word) =>
      fc.tuple(
        fc.constant(word),
        ...[...word].map((letter) =>
          fc.tuple(
            fc.constantFrom(...(forms[letter] ?? letter)),
            fc.constantFrom('', '', '', '-', '.', "'", ' '),
          ),
        ),
      ),
    );
  fc.assert(
    fc.property(forged, ([word, ...parts]) => {
      const raw = parts.flat().join('').trim();
      expect([word, raw, parseRaceName(raw)]).toMatchObject([word, raw, { ok: false, reason: 'reserved' }]);
    }),
    { numRuns: 2_000 },
  );
});
