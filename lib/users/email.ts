import { z } from 'zod';

const maxLength = 254;

/**
 * The form in which an e-mail address is stored and compared: without blanks around it, in lower case.
 * @returns undefined when the text is not an address that mail can be sent to (RFC 5321: at most 254 characters).
 */
export function normaliseEmail(text: string): string | undefined {
  const email = text.trim().toLowerCase();
  return email.length <= maxLength && z.regexes.email.test(email) ? email : undefined;
}
