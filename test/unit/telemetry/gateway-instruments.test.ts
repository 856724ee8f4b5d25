import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gatewayInstruments } from '../../../lib/gateway/instruments.ts';

const page = readFileSync('docs/telemetry.md', 'utf8');

it('is described in docs/telemetry.md, name by name: type, labels and meaning', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `galaxy_gateway_'));
  expect(rows).toEqual(
    gatewayInstruments.declarations.map(({ name, type, labels, meaning }) => {
      const listed = labels.map((label) => `\`${label}\``).join(', ') || '–';
      return `| \`${name}\` | ${type} | ${listed} | ${meaning} |`;
    }),
  );
});

it.each(gatewayInstruments.declarations)(
  '$name follows the conventions of Prometheus',
  ({ name, type, labels }) => {
    expect(name).toMatch(/^galaxy_gateway_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/);
  },
);
