import { describe, expect, it } from 'vitest';
import { emptyValue, fieldFor, pathTo, type Schema } from '../../../lib/web-app/schema-field.ts';

function fieldOf(schema: Schema, root: Schema = schema) {
  const { label: _, help: __, ...field } = fieldFor(root, schema, 'value', '/value');
  return field;
}

describe('the field for a schema', () => {
  it.each([
    [
      { type: 'integer', minimum: 1, maximum: 7 },
      { kind: 'number', whole: true, min: 1, max: 7 },
    ],
    [{ type: 'number' }, { kind: 'number', whole: false }],
    [
      { type: 'string', maxLength: 9 },
      { kind: 'text', maxLength: 9 },
    ],
    [{ type: 'boolean' }, { kind: 'yes_no' }],
    [{ enum: ['rock', 3, null] }, { kind: 'choice', choices: ['rock', 3, null] }],
    [{ const: 'x' }, { kind: 'choice', choices: ['x'] }],
    [
      { type: 'array', items: { type: 'integer' } },
      { kind: 'list', items: { type: 'integer' } },
    ],
    [
      { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] },
      { kind: 'group', members: [{ name: 'a', schema: { type: 'boolean' }, required: true }] },
    ],
  ] as const)('%j', (schema, field) => {
    expect(fieldOf(schema)).toEqual(field);
  });

  it.each([
    {},
    { type: ['string', 'null'] },
    { type: 'object' },
    { type: 'array' },
    { type: 'integer', anyOf: [{ minimum: 3 }] },
    { oneOf: [{ type: 'string' }, { type: 'integer' }] },
  ])('is a text of JSON for %j', (schema) => {
    expect(fieldOf(schema)).toEqual({ kind: 'json' });
  });

  it('follows $ref, also to a name that has to be escaped, and lets what stands beside it win', () => {
    const root = { $defs: { 'a/b': { type: 'integer', maximum: 9, description: 'All' } } };
    const schema = { $ref: '#/$defs/a~1b', description: 'Own' };
    expect(fieldFor(root, schema, 'ships', '/ships')).toEqual({
      label: 'Ships',
      help: 'Own',
      kind: 'number',
      whole: true,
      max: 9,
    });
  });

  it.each(['#/$defs/nothing', '#/constructor', '#/__proto__', '#/$defs/loop'])(
    'is a text of JSON where %s leads nowhere',
    ($ref) => {
      const root = { $defs: { loop: { $ref: '#/$defs/loop' } } };
      expect(fieldOf({ $ref }, root)).toEqual({ kind: 'json' });
    },
  );

  it('is a text of JSON deep in a schema that contains itself', () => {
    const root: Schema = { type: 'object', properties: { child: { $ref: '#' } } };
    expect(fieldFor(root, root, '', '').kind).toBe('group');
    expect(fieldFor(root, root, 'child', '/child'.repeat(8)).kind).toBe('json');
  });

  it('is called by its title, or by its name in words', () => {
    expect(fieldFor({}, { title: 'Columns' }, 'c', '/c').label).toBe('Columns');
    expect(fieldFor({}, {}, 'neutral_planets', '/neutral_planets').label).toBe('Neutral planets');
  });
});

describe('an empty value', () => {
  it('has defaults, and what is required', () => {
    const schema = {
      type: 'object',
      properties: {
        from: { type: 'integer' },
        ships: { type: 'integer', default: 3 },
        kind: { const: 'send' },
        list: { type: 'array', items: {} },
        optional: { type: 'integer', default: 1 },
      },
      required: ['from', 'ships', 'kind', 'list'],
    };
    expect(emptyValue(schema, schema)).toEqual({ ships: 3, kind: 'send', list: [] });
  });

  it('is nothing for a number or a text', () => {
    expect(emptyValue({}, { type: 'integer' })).toBeUndefined();
    expect(emptyValue({}, { type: 'string' })).toBeUndefined();
  });
});

it('paths are JSON Pointers', () => {
  expect(pathTo('/send', 0)).toBe('/send/0');
  expect(pathTo('', 'a/b~c')).toBe('/a~1b~0c');
});
