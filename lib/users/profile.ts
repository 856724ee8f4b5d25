// What users may write about themselves and their devices: the schemas parse a text into the form that is stored.
import { z } from '@hono/zod-openapi';
import { nameKeys } from '../names/keys.ts';
import { isReserved } from '../names/reserved.ts';
import { shownNameProblem } from '../names/shown-name.ts';
import { isTimeZone } from '../time/time-zone.ts';
import { normaliseEmail } from './email.ts';

export const defaultLocale = 'en';
/** BCP 47's tag for a language that is not known: of a person who did not say which they read. */
export const unknownLocale = 'und';
export const defaultTimeZone = 'UTC';

export const email = z.string().transform((text, context) => {
  const normalised = normaliseEmail(text);
  if (normalised !== undefined) return normalised;
  context.addIssue({ code: 'custom', message: 'must be an e-mail address such as name@example.com' });
  return z.NEVER;
});

/** The name by which other players find a user: 3 to 30 characters, stored in lower case. */
export const handle = z
  .string()
  .toLowerCase()
  .regex(
    /^[a-z0-9][a-z0-9_-]{2,29}$/,
    'must be 3 to 30 letters a-z, digits, - or _, and begin with a letter or digit',
  );

const reservedProblem = 'is reserved for the platform, or looks like a name that is';

/** A handle that a user takes. One that was reserved later stays with the user who has it. */
export const newHandle = handle.refine(isNotReserved, reservedProblem);

export const maxDisplayNameLength = 60;
export const displayName = oneLine(maxDisplayNameLength).refine(isNotReserved, reservedProblem);

export const maxDeviceNameLength = 64;
export const deviceName = oneLine(maxDeviceNameLength);

function isNotReserved(name: string): boolean {
  return !isReserved(nameKeys(name));
}

function oneLine(maxCharacters: number) {
  return z
    .string()
    .trim()
    .normalize('NFC')
    .superRefine((name, { addIssue }) => {
      const fits = name !== '' && [...name].length <= maxCharacters;
      const problem = fits ? shownNameProblem(name) : `must be 1 to ${maxCharacters} characters on one line`;
      if (problem !== undefined) addIssue({ code: 'custom', message: problem, continue: false });
    });
}

export const maxLocaleLength = 35;
/** A BCP 47 tag, stored in its canonical form (`de-AT`). */
export const locale = z.string().transform((text, context) => {
  const canonical = canonicalLocale(text);
  if (canonical !== undefined) return canonical;
  context.addIssue({ code: 'custom', message: 'must be a language tag such as en, de or pt-BR' });
  return z.NEVER;
});

function canonicalLocale(text: string): string | undefined {
  try {
    return text.length <= maxLocaleLength ? Intl.getCanonicalLocales(text)[0] : undefined;
  } catch {
    return undefined;
  }
}

export const timeZone = z
  .string()
  .max(64, 'must be at most 64 characters')
  .refine(isTimeZone, 'must be a name of the IANA tz database, such as Europe/Berlin or UTC');
