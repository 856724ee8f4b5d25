import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { notificationInstruments } from '../../../lib/backend/notifications/maintenance.ts';
import { lobbyInstruments } from '../../../lib/lobby/process/instruments.ts';
import { outboxInstruments } from '../../../lib/outbox/instruments.ts';
import { streamInstruments } from '../../../lib/streams/instruments.ts';
import { logInstruments } from '../../../lib/telemetry/log-output.ts';

const page = readFileSync('docs/telemetry.md', 'utf8');
const declared = [
  outboxInstruments,
  streamInstruments,
  lobbyInstruments,
  notificationInstruments,
  logInstruments,
].flatMap(({ declarations }) => declarations);

it('are described in docs/telemetry.md, name by name: type, labels and meaning', () => {
  const section = page.slice(page.indexOf('## Metrics of streams and outboxes'));
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(
    declared.map(({ name, type, labels, meaning }) => {
      const listed = labels.map((label) => `\`${label}\``).join(', ') || '–';
      return `| \`${name}\` | ${type} | ${listed} | ${meaning} |`;
    }),
  );
});

it('tell how far behind the lobby’s consumers are under the names that operators know', () => {
  expect(lobbyInstruments.declarations.map(({ name, type }) => [name, type])).toEqual([
    ['lobby.gm_events.oldest_unprocessed_age_ms', 'gauge'],
    ['lobby.runtime_results.oldest_unprocessed_age_ms', 'gauge'],
    ['lobby.user_lifecycle.oldest_unprocessed_age_ms', 'gauge'],
  ]);
});
