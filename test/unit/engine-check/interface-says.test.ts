import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { says } from '../../../infra/engine-check/interface-says.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/engine-interface.md'), 'utf8');

/** As it is read: without marks, bars of tables and the targets of links. */
function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*|]/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ([.,;:)])/g, '$1')
    .replace(/\( /g, '(');
}

function sectionsOf(markdown: string): Map<string, string> {
  const sections = markdown.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [title = '', ...lines] = section.split('\n');
      return [title.replaceAll('`', ''), plain(lines.join('\n'))];
    }),
  );
}

test.each(Object.entries(says))(
  'what engine:check quotes is on the page of the interface: %s',
  (_, saying) => {
    expect(sectionsOf(page).get(saying.section)).toContain(plain(saying.text));
  },
);
