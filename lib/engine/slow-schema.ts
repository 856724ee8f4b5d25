// Schemas that a small value could keep busy for long: by expressions that backtrack, by schemas that contain each other,
// and by comparing every item of a list with every other.
import { isSafePattern } from 'redos-detector';

/** Every subschema counts as often as it is reached. */
const maxSubschemas = 300;
const maxUniqueItems = 256;
/** Of an expression: how many ways there may be to match one text. */
const maxWays = 50;
const patternTimeoutMs = 2_000;

const ofOne = [
  'not',
  'if',
  'then',
  'else',
  'items',
  'contains',
  'unevaluatedItems',
  'additionalProperties',
  'propertyNames',
  'unevaluatedProperties',
];
const ofList = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const ofMap = ['properties', 'patternProperties', 'dependentSchemas'];

type Schema = Readonly<Record<string, unknown>>;
type Visit = { readonly schema: Schema; readonly path: string; readonly within: ReadonlySet<Schema> };

/**
 * What is wrong with a schema, which is valid otherwise: the path in it, a colon, and a sentence. undefined when values of
 * bounded size are checked quickly.
 */
export function slowSchemaProblem(root: Schema): string | undefined {
  const open: Visit[] = [{ schema: root, path: '', within: new Set() }];
  const checked = new Set<Schema>();
  let count = 0;
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { schema, path, within } = visit;
    count += 1;
    if (count > maxSubschemas) {
      return `: comes to more than ${maxSubschemas} schemas when each $ref is replaced by what it refers to`;
    }
    if (within.has(schema)) return `${path}: contains itself; a schema of options must not be recursive`;
    if (!checked.has(schema)) {
      checked.add(schema);
      const problem = ownProblem(schema);
      if (problem !== undefined) return `${path}${problem}`;
    }
    open.push(...innerOf(root, { schema, path, within: new Set([...within, schema]) }));
  }
  return undefined;
}

/** What is wrong with its own keywords. */
function ownProblem(schema: Schema): string | undefined {
  const { uniqueItems, maxItems } = schema;
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= maxUniqueItems)) {
    return `/uniqueItems: needs maxItems of at most ${maxUniqueItems} beside it`;
  }
  const patterns = Object.keys(isSchema(schema.patternProperties) ? schema.patternProperties : {});
  const slow = [...patterns, ...(typeof schema.pattern === 'string' ? [schema.pattern] : [])].find(
    (pattern) =>
      !isSafePattern(pattern, { unicode: true, maxScore: maxWays, timeout: patternTimeoutMs }).safe,
  );
  if (slow === undefined) return undefined;
  return `: the pattern ${JSON.stringify(slow)} may take long to match; begin it with ^, and let no text fit in more than one way`;
}

function innerOf(root: Schema, { schema, path, within }: Visit): Visit[] {
  const found: [string, unknown][] = ofOne.map((keyword) => [`/${keyword}`, schema[keyword]]);
  for (const keyword of ofList) {
    const list = schema[keyword];
    if (Array.isArray(list))
      found.push(...list.map((one, index): [string, unknown] => [`/${keyword}/${index}`, one]));
  }
  for (const keyword of ofMap) {
    const map = schema[keyword];
    if (isSchema(map))
      found.push(...Object.entries(map).map(([key, one]): [string, unknown] => [`/${keyword}/${key}`, one]));
  }
  if (typeof schema.$ref === 'string') found.push([`/$ref`, resolved(root, schema.$ref)]);
  return found.flatMap(([place, one]) =>
    isSchema(one) ? [{ schema: one, path: `${path}${place}`, within }] : [],
  );
}

/** @param ref into the same schema, such as `#/$defs/planet`. */
function resolved(root: Schema, ref: string): unknown {
  let place: unknown = root;
  for (const part of ref.split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    place = typeof place === 'object' && place !== null ? Reflect.get(place, key) : undefined;
  }
  return place;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
