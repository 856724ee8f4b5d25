// Recovery codes as people read and type them: 100 random bits in Crockford's base 32, which has no I, L, O and U, in
// groups of five: `7K3QZ-0M9RX-2PVTA-H48DC`.
import { z } from '@hono/zod-openapi';

/** Crockford's base 32. */
export const recoveryCodeAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const recoveryCodeLength = 20;
const groupLength = 5;

/** @param characters of the alphabet. */
export function groupRecoveryCode(characters: string): string {
  return characters.match(new RegExp(`.{1,${groupLength}}`, 'g'))?.join('-') ?? '';
}

/** Without groups, in upper case; letters that look like digits count as these. */
export function normaliseRecoveryCode(text: string): string {
  return text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

const form = new RegExp(`^[${recoveryCodeAlphabet}]{${recoveryCodeLength}}$`);

/** As it was typed: a proof covers it in this form. */
export const recoveryCode = z
  .string()
  .max(64, 'must be at most 64 characters')
  .refine(
    (text) => form.test(normaliseRecoveryCode(text)),
    'must be a recovery code such as 7K3QZ-0M9RX-2PVTA-H48DC',
  )
  .openapi({ example: '7K3QZ-0M9RX-2PVTA-H48DC' });
