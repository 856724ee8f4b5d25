// The one check of ids. Every schema uses `z.guid()`, which has the same form: `z.uuid()` would refuse versions that
// PostgreSQL takes, so that one service would refuse what another has let through.
import { z } from 'zod';

/** Whether a text has the form of a UUID, of any version and in any case. The platform's ids are UUIDv7. */
export function isUuid(text: string): boolean {
  return z.regexes.guid.test(text);
}
