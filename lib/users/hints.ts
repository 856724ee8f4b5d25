// What a client says about its surroundings when it signs in. Hints never keep anyone from signing in: one that cannot
// be used counts as not given, and a name that is too long is cut.
import { z } from '@hono/zod-openapi';
import { cutText } from '../names/cut.ts';
import { deviceName, locale, maxDeviceNameLength, timeZone } from './profile.ts';

export const localeHint = hint((text) => locale.safeParse(tagOf(text)).data).openapi({
  type: 'string',
  description: 'A BCP 47 tag. One that cannot be used counts as not given.',
});

export const timeZoneHint = hint((text) => timeZone.safeParse(text).data).openapi({
  type: 'string',
  description:
    'A name of the IANA tz database, in its letter case. One that cannot be used counts as not given.',
});

export const deviceNameHint = hint(
  (text) => deviceName.safeParse(cutText(text.trim().normalize('NFC'), maxDeviceNameLength)).data,
).openapi({
  type: 'string',
  description: `Cut to ${maxDeviceNameLength} characters.`,
});

function hint(usable: (text: string) => string | undefined) {
  return z
    .unknown()
    .optional()
    .transform((given) => (typeof given === 'string' ? usable(given) : undefined));
}

/** Operating systems write `en_US.UTF-8` and `de_AT@euro`. */
function tagOf(text: string): string {
  return text.replace(/[.@].*$/, '').replaceAll('_', '-');
}
