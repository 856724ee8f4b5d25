/*
 * The two keys by which names are compared: two names are the same name when they share either of them. They make race
 * names unique, and tell reserved names.
 *
 * - `folded`: what the name says. NFKC, case-folded: `Bob`, `BOB` and full-width `Ｂｏｂ` are one name.
 * - `skeleton`: what the name looks like. The UTS #39 skeleton of the name as it was written, then case-folded:
 *   `paypal` with a Cyrillic `р` is `PayPal`. Folding first would lose what the eye sees: Cyrillic `В` looks like
 *   Latin `B`, its lower case `в` does not look like `b`.
 *
 * Both steps are repeated until nothing changes, so that the key of a key is that key. The generator of the tables
 * checks that this ends for every character. Keys are for comparing, never for showing.
 */
import { foldCase, replaceConfusables } from './unicode.ts';

export type NameKeys = { folded: string; skeleton: string };

/**
 * The keys of any well-formed text. Beyond the characters that race names may have they depend on the engine's Unicode
 * version.
 */
export function nameKeys(name: string): NameKeys {
  return { folded: settle(name, fold), skeleton: settle(name, lookAlike) };
}

function settle(text: string, step: (text: string) => string): string {
  let before = text;
  let after = step(before);
  while (after !== before) {
    before = after;
    after = step(before);
  }
  return after.normalize('NFC');
}

function fold(text: string): string {
  return foldCase(text.normalize('NFKD')).normalize('NFKD');
}

function lookAlike(text: string): string {
  const skeleton = replaceConfusables(text.normalize('NFD'));
  // NFKD, since the confusables hold only some of the full-width, ligature and other presentation forms.
  return withoutHiddenDots(foldCase(skeleton).normalize('NFKD'));
}

/** A dot above an `i` or `j` is drawn over the dot that the letter has already (UTS #39, section 5.4). */
function withoutHiddenDots(text: string): string {
  return text.replace(/([ij][\u0300-\u036F]*?)\u0307/g, '$1');
}
