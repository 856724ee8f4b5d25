import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { coalescedTypes } from '../../../../lib/backend/mail/mail.ts';
import { en } from '../../../../lib/backend/mail/texts/en.ts';
import { mailableTypes } from '../../../../lib/protocol/notification-intents.ts';

const page = readFileSync(new URL('../../../../docs/notifications.md', import.meta.url), 'utf8');

it('the page on notifications lists every type that can be mailed, with what its mail says', () => {
  const rows = page.split('\n').filter((line) => /^\| `(lobby|game)\./.test(line));
  const single = mailableTypes.map((type) => `| \`${type}\` | ${en.notification.sentences[type]} |`);
  const several = coalescedTypes.map((type) => `| \`${type}\` | ${en.notification.numbers[type](49)} |`);
  expect(rows.toSorted()).toEqual([...single, ...several].toSorted());
});
