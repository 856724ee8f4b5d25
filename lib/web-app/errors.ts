// What went wrong, in the player's language where there are words for it.
import { CommandError, GatewayError, PublicHttpError } from '../client/browser.ts';
import { isRecord } from './is-record.ts';
import type { Texts } from './texts/en.ts';

export function wordsFor(error: unknown, text: Texts): string {
  if (error instanceof CommandError) {
    const known = wordsForCode(error.code, text);
    return known ?? [error.message, ...fieldProblems(error)].join(' ');
  }
  if (error instanceof PublicHttpError) {
    if (error.status === undefined) return text.errors.offline;
    return wordsForCode(error.code, text) ?? error.message;
  }
  if (error instanceof GatewayError) {
    if (error.reason === '') return text.errors.offline;
    return wordsForCode(error.reason.toLowerCase(), text) ?? error.message;
  }
  return text.errors.other(error instanceof Error ? error.message : String(error));
}

/** The same of what may not have failed. */
export function problemWords(error: unknown, text: Texts): string | undefined {
  return error === undefined ? undefined : wordsFor(error, text);
}

/** The session has ended, here or from elsewhere. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof GatewayError && ['SESSION_REVOKED', 'SESSION_UNKNOWN'].includes(error.reason);
}

function wordsForCode(code: string, { errors }: Texts): string | undefined {
  const words: Readonly<Record<string, unknown>> = errors;
  const found = Object.hasOwn(words, code) ? words[code] : undefined;
  return typeof found === 'string' ? found : undefined;
}

/** `fields` of an `invalid_request`. */
function fieldProblems({ details }: CommandError): string[] {
  const fields: readonly unknown[] = Array.isArray(details.fields) ? details.fields : [];
  return fields.flatMap((field) =>
    isRecord(field) ? [[field.field ?? field.path, field.message].filter(Boolean).join(': ')] : [],
  );
}
