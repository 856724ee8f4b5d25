// Checks values against the JSON Schemas of a manifest, and the schemas themselves.
import { dereference, format, type Schema } from '@cfworker/json-schema';
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';
import { engineBounds, type OrderProblem } from './api.ts';
import { problemFinder } from './schema-problems.ts';

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
  const problemsOf = problemFinder(schema);
  return (value) => problemsOf(value).slice(0, engineBounds.problems);
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
