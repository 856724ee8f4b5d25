// The problems that a JSON Schema finds in a value. The schema is interpreted, not compiled: browsers and some runtimes
// forbid code made at run time.
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import { isDeeperThan } from '../http/json-depth.ts';
import type { OrderProblem } from './api.ts';

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
 * @param schema a valid one (2020-12).
 * @returns what finds the problems of a value; none if the schema allows it.
 */
export function problemFinder(schema: Readonly<Record<string, unknown>>): (value: unknown) => OrderProblem[] {
  // The interpreter writes into the schema that it is given.
  const validator = new Validator(structuredClone(schema) as Schema, '2020-12', false);
  return (value) => {
    if (isDeeperThan(value, maxJsonDepth)) {
      return [{ path: '', message: `is nested more than ${maxJsonDepth} levels deep` }];
    }
    const { errors } = validator.validate(value);
    const telling = errors.filter(({ keyword }) => !wrappers.has(keyword));
    return (telling.length > 0 ? telling : errors).map(problemOf);
  };
}

function problemOf({ keyword, instanceLocation, error }: OutputUnit): OrderProblem {
  const message = keyword === 'false' ? 'is not allowed here' : error;
  return {
    path: instanceLocation.replace(/^#/, '').slice(0, textLength),
    message: message.slice(0, textLength),
  };
}
