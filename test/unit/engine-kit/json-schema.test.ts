import { describe, expect, it } from 'vitest';
import { schemaChecker } from '../../../lib/engine/json-schema.ts';

const fleet = {
  type: 'object',
  properties: {
    moves: { type: 'array', items: { $ref: '#/$defs/move' }, maxItems: 3 },
    name: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
  },
  required: ['moves'],
  additionalProperties: false,
  $defs: {
    move: {
      type: 'object',
      properties: { planet: { type: 'integer', minimum: 1 }, focus: { enum: ['ships', 'growth'] } },
      required: ['planet'],
      additionalProperties: false,
    },
  },
};

describe('a value', () => {
  const check = schemaChecker(fleet, 'orders_schema');

  it('that the schema allows has no problems', () => {
    expect(check({ moves: [{ planet: 3, focus: 'ships' }], name: 'vega' })).toEqual([]);
  });

  it.each([
    [{ moves: [{ planet: 1 }, { planet: 0 }] }, '/moves/1/planet'],
    [{ moves: [{ planet: 1, focus: 'war' }] }, '/moves/0/focus'],
    [{ moves: [], name: 'Vega' }, '/name'],
    [{ moves: [], more: 1 }, '/more'],
    [{}, ''],
    ['moves', ''],
  ])('%j has its problem at %j', (value, path) => {
    const problems = check(value);
    expect(problems.map((problem) => problem.path)).toContain(path);
    for (const { message } of problems) expect(message).not.toBe('');
  });

  it('that is nested too deeply is refused before anything walks through it', () => {
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(check({ moves: deep })).toEqual([{ path: '', message: 'is nested more than 64 levels deep' }]);
  });

  it('has a bounded number of problems', () => {
    const all = schemaChecker({ items: { type: 'integer' } }, 'orders_schema')(Array(500).fill('x'));
    expect(all).toHaveLength(100);
  });
});

describe('a schema that does not do what its author means', () => {
  it.each([
    [{ type: 'objekt' }, 'orders_schema/type: must be a type of JSON'],
    [
      { properties: { a: { additionalproperties: false } } },
      'orders_schema/properties/a/additionalproperties: is a keyword that is not known',
    ],
    [
      { properties: { a: { pattern: '[' } } },
      'orders_schema/properties/a/pattern: Invalid regular expression',
    ],
    [{ patternProperties: { '(': {} } }, 'orders_schema/patternProperties'],
    [{ items: { $ref: '#/$defs/planet' } }, '$ref #/$defs/planet leads nowhere'],
    [{ $ref: 'https://example.com/schema' }, 'orders_schema/$ref: must lead into this schema'],
    [{ anyOf: [{ minimum: '3' }] }, 'orders_schema/anyOf/0/minimum'],
    [{ format: 'planet' }, 'orders_schema/format: is a format that is not known'],
  ])('is refused at start: %j', (schema, message) => {
    expect(() => schemaChecker(schema, 'orders_schema')).toThrow(message);
  });

  it('is not one that refers to itself in a part', () => {
    const tree = { properties: { next: { $ref: '#' } }, required: ['value'] };
    const check = schemaChecker(tree, 'orders_schema');
    expect(check({ value: 1, next: { value: 2 } })).toEqual([]);
    expect(check({ value: 1, next: {} })).toMatchObject([{ path: '/next' }]);
  });
});
