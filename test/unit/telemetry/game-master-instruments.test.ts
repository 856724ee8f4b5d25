import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gameMasterInstruments } from '../../../lib/game-master/instruments.ts';

it('describes the metrics of the Game Master in docs/game-master.md, name by name: type, labels and meaning', () => {
  const page = readFileSync('docs/game-master.md', 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `game_master[_.]\w+/.test(line));
  expect(rows).toEqual(
    gameMasterInstruments.declarations.map(({ name, type, labels, meaning }) => {
      const listed = labels.map((label) => `\`${label}\``).join(', ') || '–';
      return `| \`${name}\` | ${type} | ${listed} | ${meaning} |`;
    }),
  );
});
