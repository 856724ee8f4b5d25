// Checks values against the JSON Schemas of a manifest. The schemas are interpreted, not compiled: some of the runtimes
// that check them forbid code made at run time.
import { dereference, format, type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';
import { isDeeperThan } from '../http/json-depth.ts';
import { engineBounds, type OrderProblem } from './api.ts';

/** Deeper values are refused before anything walks through them. */
export const maxJsonDepth = 64;

const textLength = 1_000;

/** Keywords whose errors only say that there are errors further in, which say what is wrong. */
const wrappers = new Set([
  '$ref',
  'additionalItems',
  'additionalProperties',
  'allOf',
  'dependentSchemas',
  'if',
  'items',
  'patternProperties',
  'prefixItems',
  'properties',
  'unevaluatedItems',
  'unevaluatedProperties',
]);

/**
 * @param name of the schema, for the message.
 * @returns what finds the problems of a value; none if the schema (2020-12) allows it.
 * @throws OperatorError when the schema is none, or has a keyword that would not be checked.
 */
export function schemaChecker(
  schema: Record<string, unknown>,
  name: string,
): (value: unknown) => OrderProblem[] {
  requireSchema(schema, name);
  // The interpreter writes into the schema that it is given.
  const validator = new Validator(structuredClone(schema) as Schema, '2020-12', false);
  return (value) => {
    if (isDeeperThan(value, maxJsonDepth)) {
      return [{ path: '', message: `is nested more than ${maxJsonDepth} levels deep` }];
    }
    const { errors } = validator.validate(value);
    const telling = errors.filter(({ keyword }) => !wrappers.has(keyword));
    const problems = (telling.length > 0 ? telling : errors).map(problemOf);
    return problems.slice(0, engineBounds.problems);
  };
}

function problemOf({ keyword, instanceLocation, error }: OutputUnit): OrderProblem {
  const message = keyword === 'false' ? 'is not allowed here' : error;
  return {
    path: instanceLocation.replace(/^#/, '').slice(0, textLength),
    message: message.slice(0, textLength),
  };
}

/** A typing error in a schema would otherwise allow everything, or fail with the first orders. */
function requireSchema(schema: Record<string, unknown>, name: string): void {
  const fault = (path: string, problem: string) => new OperatorError(`${name}${path}: ${problem}`);
  const [issue] = subschema.safeParse(schema).error?.issues ?? [];
  if (issue !== undefined) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
    const path = [...issue.path, ...keys.slice(0, 1)].map((key) => `/${String(key)}`).join('');
    throw fault(path, keys.length > 0 ? 'is a keyword that is not known here' : issue.message);
  }
  const all: Record<string, Schema | boolean> = dereference(structuredClone(schema) as Schema);
  for (const part of Object.values(all)) {
    if (typeof part !== 'object' || part.__absolute_ref__ === undefined) continue;
    if (all[part.__absolute_ref__] === undefined) throw fault('', `$ref ${part.$ref} leads nowhere`);
  }
}

const subschema: z.ZodType = z.unknown().superRefine((value, context) => {
  if (typeof value === 'boolean') return;
  const { error } = keywords.safeParse(value);
  for (const issue of error?.issues ?? []) context.addIssue({ ...issue });
});

const type = z.enum(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']);
const size = z.int().nonnegative();
const list = z.array(subschema).min(1);
const map = z.record(z.string(), subschema);
const names = z.array(z.string());
const pattern = z.string().superRefine((text, context) => {
  try {
    new RegExp(text, 'u');
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

/** Those of 2020-12, without what names schemas elsewhere and without what the interpreter does not know. */
const keywords = z
  .strictObject({
    $schema: z.literal('https://json-schema.org/draft/2020-12/schema'),
    $comment: z.string(),
    $defs: map,
    $ref: z.string().regex(/^#(\/|$)/, 'must lead into this schema, such as #/$defs/planet'),
    title: z.string(),
    description: z.string(),
    default: z.unknown(),
    examples: z.array(z.unknown()),
    deprecated: z.boolean(),
    type: z.union([type, z.array(type).min(1)], 'must be a type of JSON, or a list of them'),
    enum: z.array(z.unknown()).min(1),
    const: z.unknown(),
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: subschema,
    // biome-ignore-start lint/suspicious/noThenProperty: the keyword's name
    if: subschema,
    then: subschema,
    else: subschema,
    // biome-ignore-end lint/suspicious/noThenProperty: the keyword's name
    multipleOf: z.number().positive(),
    minimum: z.number(),
    maximum: z.number(),
    exclusiveMinimum: z.number(),
    exclusiveMaximum: z.number(),
    minLength: size,
    maxLength: size,
    pattern,
    format: z.string().refine((name) => Object.hasOwn(format, name), 'is a format that is not known here'),
    prefixItems: list,
    items: subschema,
    contains: subschema,
    minContains: size,
    maxContains: size,
    minItems: size,
    maxItems: size,
    uniqueItems: z.boolean(),
    unevaluatedItems: subschema,
    properties: map,
    patternProperties: z.record(pattern, subschema),
    additionalProperties: subschema,
    propertyNames: subschema,
    required: names,
    minProperties: size,
    maxProperties: size,
    dependentRequired: z.record(z.string(), names),
    dependentSchemas: map,
    unevaluatedProperties: subschema,
  })
  .partial();
