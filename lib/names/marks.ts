export const maxMarksInARow = 4;

/**
 * Whether every combining mark of a name follows a letter, with at most four in a row and none twice in a row: more than
 * these cannot be told apart by eye (UTS #39, section 5.4), and cover what stands above and below.
 */
export function marksAreInPlace(
  name: string,
  { isLetter, isMark }: Record<'isLetter' | 'isMark', (character: string) => boolean>,
): boolean {
  let before = '';
  let room = 0;
  for (const character of name) {
    if (isMark(character)) {
      if (room === 0 || character === before) return false;
      room--;
    } else {
      room = isLetter(character) ? maxMarksInARow : 0;
    }
    before = character;
  }
  return true;
}
