import { describe, expect, it } from 'vitest';
import { slowSchemaProblem } from '../../../lib/engine/slow-schema.ts';

const doubled = (levels: number) => ({
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, level) => [
      `l${level}`,
      level + 1 === levels
        ? { type: 'string' }
        : { anyOf: [{ $ref: `#/$defs/l${level + 1}` }, { $ref: `#/$defs/l${level + 1}` }] },
    ]),
  ),
  $ref: '#/$defs/l0',
});

describe('a schema of options', () => {
  it.each([
    ['of four in a row', { type: 'object', properties: { bots: { type: 'integer' } } }],
    ['with a pattern that has one way to match', { pattern: '^[a-z]+(-[a-z]+)*$' }],
    ['that refers to one of its parts twice', doubled(3)],
    ['with a short list of different items', { uniqueItems: true, maxItems: 256 }],
  ])('%s is quick', (_, schema) => {
    expect(slowSchemaProblem(schema)).toBeUndefined();
  });

  it.each([
    [
      'an expression of exponential time',
      { items: { pattern: '^(a|a)*$' } },
      '/items: the pattern "^(a|a)*$"',
    ],
    ['an expression of cubic time', { pattern: 'a*a*a*b' }, ': the pattern "a*a*a*b"'],
    ['an expression for names of fields', { patternProperties: { '(x+)+y': {} } }, ': the pattern "(x+)+y"'],
    ['itself in the same place', { $ref: '#' }, '/$ref: contains itself'],
    [
      'itself further in',
      { properties: { inner: { $ref: '#' } } },
      '/properties/inner/$ref: contains itself',
    ],
    [
      'itself over another',
      { $defs: { a: { not: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' },
      'contains itself',
    ],
    ['parts that double at every level', doubled(30), ': comes to more than 300 schemas'],
    ['a long list of different items', { uniqueItems: true, maxItems: 257 }, '/uniqueItems: needs maxItems'],
    [
      'an endless list of different items',
      { uniqueItems: true },
      '/uniqueItems: needs maxItems of at most 256',
    ],
  ])('with %s is refused', (_, schema, problem) => {
    expect(slowSchemaProblem(schema)).toContain(problem);
  });
});
