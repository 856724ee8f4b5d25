// Checks values against the JSON Schemas of a manifest. The schemas are interpreted, not compiled: some of the runtimes
// that check them forbid code made at run time.
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
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

/** @returns the problems of a value; none if the schema (2020-12) allows it. */
export function schemaChecker(schema: Record<string, unknown>): (value: unknown) => OrderProblem[] {
  // The interpreter writes into the schema that it is given.
  const validator = new Validator(structuredClone(schema) as Schema, '2020-12', false);
  return (value) => {
    if (depthOf(value) > maxJsonDepth) {
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

/** Without recursion: the value may be as deep as a stranger likes. Stops counting where it is too deep. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= maxJsonDepth; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return depth;
  }
  return maxJsonDepth + 1;
}
