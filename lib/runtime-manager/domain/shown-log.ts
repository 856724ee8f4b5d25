// What operators are shown of an engine's log.

/** Shorter values are no secrets, and are in many words. */
const shortestSecret = 6;

/**
 * The text of a log without the values of variables that operators gave to engines, which may be secrets. Of a log that
 * was cut the first line goes: it may begin within such a value.
 */
export function shownLog(
  { text, cut }: { readonly text: string; readonly cut: boolean },
  variables: Readonly<Record<string, string>>,
): string {
  const whole = cut ? text.slice(text.indexOf('\n') + 1 || text.length) : text;
  return Object.entries(variables)
    .filter(([, value]) => value.length >= shortestSecret)
    .toSorted(([, a], [, b]) => b.length - a.length)
    .reduce((shown, [name, value]) => shown.replaceAll(value, `[${name}]`), whole);
}
