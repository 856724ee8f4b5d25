// What an operator's name and address may be, on the command line as over HTTP.
import { z } from 'zod';
import { maxEmailLength, normaliseEmail } from '../users/email.ts';

export const operatorName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(64, 'must have at most 64 characters')
  .regex(/^\P{C}*$/u, 'must not contain control characters');

/** In its normal form. */
export const operatorEmail = z
  .string()
  .max(maxEmailLength)
  .transform((text, context) => {
    const email = normaliseEmail(text);
    if (email !== undefined) return email;
    context.addIssue({ code: 'custom', message: 'must be an e-mail address' });
    return z.NEVER;
  });
