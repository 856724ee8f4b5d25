// docs/limits.md and docs/sign-in.md state defaults of variables: they must be those that the processes have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backendVariables } from '../../lib/backend/config.ts';
import { listVariables } from '../../lib/config/variables.ts';
import { gameMasterVariables } from '../../lib/game-master/config.ts';
import { gatewayVariables } from '../../lib/gateway/config.ts';
import { lobbyVariables } from '../../lib/lobby/config.ts';

const variables = [gatewayVariables, backendVariables, lobbyVariables, gameMasterVariables].flatMap(
  listVariables,
);
const byName = new Map(variables.map((variable) => [variable.name, variable]));

const lines = ['limits.md', 'sign-in.md'].flatMap((page) =>
  readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8').split('\n'),
);
const named = (line: string) =>
  [...line.matchAll(/`((?:GATEWAY|BACKEND|LOBBY|GM)_[A-Z_0-9]+)`/g)].map(([, name]) => name ?? '');
const rows = lines.flatMap((line) =>
  line.startsWith('|') ? named(line).map((name) => [name, line] as const) : [],
);

/** A default as pages write it: `16384`, 16,384 or, of a duration, 10 s. */
function spellings(fallback: string): string[] {
  const [, digits = '', unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(fallback) ?? [];
  const units: Record<string, string> = { ms: 'ms', s: 's', m: 'min', h: 'h', d: 'd' };
  const grouped = /^\d+$/.test(fallback) ? Number(fallback).toLocaleString('en') : fallback;
  return [
    `\`${fallback}\``,
    ...(digits === '' ? [] : [`${digits} ${units[unit]}`]),
    grouped,
    `${Number(fallback) / 1_024} KiB`,
    `${Number(fallback) / 2 ** 20} MiB`,
  ];
}

it('every variable that the pages name exists', () => {
  const names = lines.flatMap(named).filter((name) => !name.endsWith('_'));
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => !byName.has(name))).toEqual([]);
});

it.each(rows)('the row of %s states its default', (name, row) => {
  const fallback = byName.get(name)?.fallback ?? '';
  expect(
    spellings(fallback).some((spelled) => row.includes(spelled)),
    `${row}\nits default is ${fallback}`,
  ).toBe(true);
});
