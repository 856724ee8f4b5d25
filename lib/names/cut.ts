const characters = new Intl.Segmenter('en');

/** The beginning of a text in at most `max` characters (code points), cut between the characters that people see. */
export function cutText(text: string, max: number): string {
  let kept = '';
  let length = 0;
  for (const { segment } of characters.segment(text)) {
    length += [...segment].length;
    if (length > max) break;
    kept += segment;
  }
  return kept;
}
