/*
 * What a race name may be, and the keys under which it is unique across the platform. Pure: the same name gives the
 * same result on every JavaScript runtime, whatever Unicode version that runtime has. See docs/race-names.md.
 */
import { type NameKeys, nameKeys } from '../../../names/keys.ts';
import { marksAreInPlace, maxMarksInARow } from '../../../names/marks.ts';
import { isReserved } from '../../../names/reserved.ts';
import { isDigit, isLeftToRight, isLetter, isMark, isRightToLeft } from '../../../names/unicode.ts';

export type { NameKeys } from '../../../names/keys.ts';

export const raceNameProblems = ['length', 'character', 'spacing', 'marks', 'direction', 'reserved'] as const;
export type RaceNameProblem = (typeof raceNameProblems)[number];

export type ParsedRaceName =
  | { ok: true; name: string; keys: NameKeys }
  | { ok: false; reason: RaceNameProblem; message: string };

const minLength = 3;
const maxLength = 24;
/** UTF-16 units: NFC joins at most four code points, of at most two units each, into one. */
const maxUnnormalisedLength = maxLength * 4 * 2;
export const raceNameLength = { min: minLength, max: maxLength, maxUnnormalised: maxUnnormalisedLength };
const punctuation = new Set(["'", '-', '.', ' ']);

/**
 * Decides whether `raw` may be a race name. `name` is `raw` in NFC, otherwise unchanged, and is what to store and
 * show; `keys` are what to compare. Length is counted in code points of the NFC form. `message` is for the player.
 */
export function parseRaceName(raw: string): ParsedRaceName {
  if (raw.length > maxUnnormalisedLength) {
    return refuse('length', `A race name has at most ${maxLength} characters.`);
  }
  const name = raw.normalize('NFC');
  const characters = [...name];

  const strange = characters.findIndex((character) => !isAllowed(character));
  if (strange >= 0) {
    return refuse(
      'character',
      `Character ${strange + 1} of the race name, ${describe(characters[strange] ?? '')}, is not allowed: ` +
        "use letters, digits, space, hyphen (-), apostrophe (') and full stop (.).",
    );
  }
  if (characters.length < minLength || characters.length > maxLength) {
    return refuse(
      'length',
      `A race name has ${minLength} to ${maxLength} characters; this one has ${characters.length}.`,
    );
  }
  if (/^ | $| {2}/.test(name)) {
    return refuse('spacing', 'A race name has no space at its beginning or end, and no two spaces in a row.');
  }
  if (!characters.some((character) => isLetter(character) || isDigit(character))) {
    return refuse('character', 'A race name has at least one letter or digit.');
  }
  if (!marksAreInPlace(name, { isLetter, isMark })) {
    return refuse(
      'marks',
      `A combining mark in a race name follows a letter, at most ${maxMarksInARow} in a row, none twice in a row.`,
    );
  }
  if (!directionIsClear(characters)) {
    return refuse(
      'direction',
      'A race name with right-to-left characters begins with a right-to-left letter, has no left-to-right ' +
        'characters, and has digits of one kind only.',
    );
  }
  const keys = nameKeys(name);
  if (isReserved(keys)) {
    return refuse('reserved', 'This race name is reserved for the platform, or looks like one that is.');
  }
  return { ok: true, name, keys };
}

function refuse(reason: RaceNameProblem, message: string): ParsedRaceName {
  return { ok: false, reason, message };
}

function isAllowed(character: string): boolean {
  return isLetter(character) || isDigit(character) || isMark(character) || punctuation.has(character);
}

/**
 * Otherwise names that differ could be drawn the same: in left-to-right text an alef before a `1` and an alef after
 * it are, and so are several orders of European and Arabic digits. Like the bidi rule of RFC 5893, for whole names.
 */
function directionIsClear(characters: string[]): boolean {
  if (!characters.some(isRightToLeft)) return true;
  const first = characters[0] ?? '';
  const digits = characters.filter(isDigit);
  return (
    isLetter(first) &&
    isRightToLeft(first) &&
    !characters.some(isLeftToRight) &&
    (digits.every(isRightToLeft) || !digits.some(isRightToLeft))
  );
}

/** A character as people can look it up: `"★" (U+2605)`, or only `U+200B` when there is nothing to see. */
function describe(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /[\p{P}\p{S}\p{N}]/u.test(character) ? `"${character}" (${code})` : code;
}
