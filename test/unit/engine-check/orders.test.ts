import { describe, expect, it } from 'vitest';
import {
  hintsOf,
  jsonOf,
  type Learned,
  learn,
  pointerParts,
  pruned,
  Sampler,
} from '../../../infra/engine-check/orders/sample.ts';
import { schemaChecker } from '../../../lib/engine/json-schema.ts';
import { seededRandom } from '../../../lib/engine-kit/random.ts';

const seed = 'c4'.repeat(32);
const samplerOf = (schema: Record<string, unknown>, hints = hintsOf({}), learned?: Learned) =>
  new Sampler(schema, seededRandom(seed, 'test'), hints, learned);

const fleet = {
  type: 'object',
  properties: {
    moves: { type: 'array', items: { $ref: '#/$defs/move' }, maxItems: 20 },
    tax: { type: 'number', minimum: 0, maximum: 1 },
  },
  required: ['moves'],
  additionalProperties: false,
  $defs: {
    move: {
      oneOf: [
        {
          type: 'object',
          properties: { kind: { const: 'send' }, ships: { type: 'integer', minimum: 1, maximum: 9 } },
          required: ['kind', 'ships'],
          additionalProperties: false,
        },
        {
          type: 'object',
          properties: { kind: { const: 'focus' }, on: { enum: ['ships', 'growth'] } },
          required: ['kind', 'on'],
          additionalProperties: false,
        },
      ],
    },
  },
};

describe('a sample of a schema', () => {
  it.each<[string, Record<string, unknown>]>([
    ['an object with lists of alternatives', fleet],
    ['bounds on both sides', { type: 'integer', minimum: -3, exclusiveMaximum: 4, multipleOf: 2 }],
    ['a lower bound alone', { type: 'integer', minimum: 5 }],
    ['an upper bound alone', { type: 'integer', maximum: -5 }],
    ['texts of a length', { type: 'string', minLength: 3, maxLength: 6 }],
    [
      'a tuple',
      {
        type: 'array',
        prefixItems: [{ const: 'x' }, { type: 'integer' }],
        minItems: 2,
        maxItems: 2,
        items: false,
      },
    ],
    [
      'parts that hold together',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'integer', minimum: 3 } } },
          { properties: { a: { maximum: 4 } }, required: ['a'] },
        ],
      },
    ],
    ['names that are open', { type: 'object', additionalProperties: { type: 'boolean' }, minProperties: 2 }],
    [
      'names of a pattern',
      { type: 'object', patternProperties: { '^[a-z]$': { type: 'null' } }, additionalProperties: false },
    ],
    [
      'a schema within itself',
      { type: 'object', properties: { next: { $ref: '#' } }, additionalProperties: false },
    ],
  ])('with %s is mostly allowed by it', (_, schema) => {
    const check = schemaChecker(schema, 'schema');
    const sampler = samplerOf(schema);
    const samples = Array.from({ length: 100 }, () => jsonOf(sampler.sample(4)));
    expect(samples.filter((sample) => check(sample).length === 0).length).toBeGreaterThan(60);
  });

  it('has long lists when they are wanted, and nothing that may be left out when not', () => {
    const sampler = samplerOf(fleet);
    const lengths = Array.from({ length: 20 }, () => {
      const { moves } = jsonOf(sampler.sample(32)) as { moves: unknown[] };
      return moves.length;
    });
    expect(Math.max(...lengths)).toBeGreaterThan(8);
    expect(jsonOf(sampler.sample(0))).toEqual({ moves: [] });
  });

  it('uses what a seat sees, and what was valid before', () => {
    const schema = {
      type: 'object',
      properties: { planet: { type: 'integer' as const, minimum: 1 } },
      required: ['planet'],
    };
    const planetsOf = (sampler: Sampler) =>
      new Set(Array.from({ length: 200 }, () => (jsonOf(sampler.sample(4)) as { planet: number }).planet));
    expect(planetsOf(samplerOf(schema))).not.toContain(54_321);
    expect(planetsOf(samplerOf(schema, hintsOf({ planets: [{ id: 54_321 }] })))).toContain(54_321);
    const learned: Learned = new Map();
    learn(
      learned,
      samplerOf(schema, hintsOf({}), new Map([[schema.properties.planet, new Set([54_321])]])).sample(4),
    );
    expect([...(learned.get(schema.properties.planet) ?? [])]).toHaveLength(1);
  });
});

describe('what a path leads to', () => {
  const list = {
    type: 'object',
    properties: {
      moves: { type: 'array', minItems: 3, items: { type: 'integer', minimum: 0, maximum: 1_000_000 } },
    },
    required: ['moves'],
  };
  const movesOf = (value: unknown) => (value as { moves: number[] }).moves;

  it('is made again, and nothing else', () => {
    const sampler = samplerOf(list);
    const sample = sampler.sample(4);
    const before = movesOf(jsonOf(sample));
    const after = movesOf(jsonOf(sampler.mended(sample, pointerParts('/moves/1'), 4)));
    expect(after).toEqual(before.with(1, after[1] ?? Number.NaN));
    expect(after[1]).not.toBe(before[1]);
  });

  it('is left out, with the item of the list that holds it', () => {
    const sample = samplerOf(list).sample(4);
    const before = movesOf(jsonOf(sample));
    const less = pruned(sample, ['/moves/0', '/moves/2'].map(pointerParts));
    expect(less && movesOf(jsonOf(less))).toEqual(before.filter((_, index) => index !== 0 && index !== 2));
    expect(pruned(sample, [[]])).toBeUndefined();
    expect(pruned(sample, [['unknown']])).toBeUndefined();
  });

  it('may have slashes and tildes in its names', () => {
    expect(pointerParts('/a~1b/m~0n/~01')).toEqual(['a/b', 'm~n', '~1']);
  });
});
