// The rule of every name that is shown as it was written: of players, devices and games. Race names, which must also be
// told apart, have stricter rules. Uses the Unicode version of the JavaScript engine.
import { marksAreInPlace, maxMarksInARow } from './marks.ts';
import { isReadable, turningProblem, turnsDirection, unreadableProblem } from './safe-text.ts';

/** What is wrong with a name in NFC, apart from its length; undefined when it can be shown. */
export function shownNameProblem(name: string): string | undefined {
  if (/[\n\t\p{Zl}\p{Zp}]/u.test(name)) return 'must be one line';
  if (!isReadable(name) || /\p{Co}/u.test(name)) return unreadableProblem;
  if (turnsDirection(name)) return turningProblem;
  const plain = withoutEffective(name);
  if (hasInvisible(plain)) return 'must not contain characters that cannot be seen';
  return marksAreInPlace(plain, { isLetter, isMark })
    ? undefined
    : `must have combining marks after letters only, at most ${maxMarksInARow} in a row, none twice in a row`;
}

const isLetter = (character: string) => /\p{L}/u.test(character);
const isMark = (character: string) => /\p{M}/u.test(character);

/**
 * The name without selectors, keycaps, tags and joiners where they have an effect: after a symbol, after an ideograph or a
 * Mongolian letter that has variants, between symbols that make one picture, after a letter that joins to the next one,
 * and after a mark that joins consonants.
 */
function withoutEffective(name: string): string {
  return name
    .replace(/\p{RGI_Emoji_Tag_Sequence}/gv, '🏴')
    .replace(/(?<=[\p{S}\p{N}\p{P}])[\uFE0E\uFE0F]/gu, '')
    .replace(/(?<=\p{Ideographic})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]/gu, '')
    .replace(/(?<=(?!\p{M})\p{Script=Mongolian})[\u180B-\u180D\u180F]/gu, '')
    .replace(/(?<=\p{Script=Mongolian})\u180E(?=\p{Script=Mongolian})/gu, '')
    .replace(/(?<=[0-9#*])\u20E3/g, '')
    .replace(/(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}])\u200D(?=\p{Extended_Pictographic})/gu, '')
    .replace(
      /(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Adlam}]|(?!\p{Script=Inherited})\p{M})[\u200C\u200D](?=[\p{L}\p{M}])/gu,
      '',
    );
}

/** Whether a name has invisible characters, or no visible ones. */
function hasInvisible(plain: string): boolean {
  const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\uFFFC]/u;
  return invisible.test(plain) || !/[\p{L}\p{N}\p{P}\p{S}]/u.test(plain);
}
