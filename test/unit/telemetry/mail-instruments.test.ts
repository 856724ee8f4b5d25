import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { mailInstruments } from '../../../lib/backend/mail/instruments.ts';

it('the page on mail shows what is measured, and nothing else', () => {
  const page = readFileSync(new URL('../../../docs/mail.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `mail/.test(line));
  expect(rows).toEqual(
    mailInstruments.declarations.map(({ name, type, labels, meaning }) => {
      const shown = labels.map((label) => `\`${label}\``).join(', ') || '–';
      return `| \`${name}\` | ${type} | ${shown} | ${meaning} |`;
    }),
  );
});
