// Makes values that a JSON Schema allows, most of the time: what a keyword forbids in a way that is hard to foresee (`not`,
// `pattern`) is found by checking the value afterwards. Numbers and texts that a seat sees in its view are used where they
// fit, since orders name what is there.
import type { Schema } from '@cfworker/json-schema';
import type { Random } from '../../../lib/engine-kit/rules.ts';

/** What a seat sees. */
export type Hints = { readonly numbers: readonly number[]; readonly texts: readonly string[] };

/** Values that were valid in earlier orders, by the schema that they were made from. */
export type Learned = Map<SchemaOrFlag, Set<unknown>>;

/** A value that remembers the schema that each part of it was made from. */
export type Sample =
  | { readonly kind: 'leaf'; readonly schema: SchemaOrFlag; readonly value: unknown }
  | { readonly kind: 'object'; readonly schema: SchemaOrFlag; readonly fields: Map<string, Sample> }
  | { readonly kind: 'array'; readonly schema: SchemaOrFlag; readonly items: Sample[] };

type SchemaOrFlag = Schema | boolean;

const maxDepth = 12;
/** More fields of an object with free names than this say nothing more. */
const moreFields = 4;
/** Where a schema has no bound: most numbers that name things are small. */
const unboundedBits = 10;
const texts = ['a', 'A', '1', 'ab', 'a1', 'abc', 'Vega', '2030-01-01', '12:00:00Z', 'a@b.example'];

const noHints: Hints = { numbers: [], texts: [] };

export class Sampler {
  readonly #root: Schema;
  readonly #random: Random;
  readonly #hints: Hints;
  readonly #learned: Learned;

  constructor(root: Record<string, unknown>, random: Random, hints = noHints, learned: Learned = new Map()) {
    this.#root = root as Schema;
    this.#random = random;
    this.#hints = hints;
    this.#learned = learned;
  }

  /** @param more so many items more than the least a list has at most; 0 leaves out all that may be left out. */
  sample(more: number, schema: SchemaOrFlag = this.#root, depth = 0): Sample {
    const known = [...(this.#learned.get(schema) ?? [])];
    if (known.length > 0 && this.#random.below(2) === 1) {
      return { kind: 'leaf', schema, value: this.#random.pick(known) };
    }
    const flat = this.#flat(schema, 0);
    if ('const' in flat) return { kind: 'leaf', schema, value: flat.const };
    if (flat.enum !== undefined) return { kind: 'leaf', schema, value: this.#random.pick(flat.enum) };
    switch (this.#typeOf(flat)) {
      case 'object':
        return { kind: 'object', schema, fields: this.#fields(flat, more, depth) };
      case 'array':
        return { kind: 'array', schema, items: this.#items(flat, more, depth) };
      case 'integer':
        return { kind: 'leaf', schema, value: this.#integer(flat) };
      case 'number':
        return { kind: 'leaf', schema, value: this.#integer(flat) + this.#random.pick([0, 0, 0.5]) };
      case 'boolean':
        return { kind: 'leaf', schema, value: this.#random.below(2) === 1 };
      case 'null':
        return { kind: 'leaf', schema, value: null };
      default:
        return { kind: 'leaf', schema, value: this.#text(flat) };
    }
  }

  /** The same value with another part at this path. */
  mended(sample: Sample, path: readonly string[], more: number, depth = 0): Sample {
    const [key = '', ...rest] = path;
    const inside = path.length === 0 ? undefined : partOf(sample, key);
    // What is missing, or not allowed, is another choice of parts.
    if (inside === undefined) return this.sample(more, sample.schema, depth);
    const other = this.mended(inside, rest, more, depth + 1);
    if (sample.kind === 'object') return { ...sample, fields: new Map(sample.fields).set(key, other) };
    return sample.kind === 'array' ? { ...sample, items: sample.items.with(Number(key), other) } : sample;
  }

  /** One schema for what several keywords say together; a choice among branches is made by chance. */
  #flat(schema: SchemaOrFlag, depth: number): Schema {
    if (typeof schema === 'boolean' || depth > maxDepth) return {};
    const { $ref, allOf = [], anyOf, oneOf, if: condition, then, else: otherwise, ...own } = schema;
    const parts: SchemaOrFlag[] = [...allOf];
    if ($ref !== undefined) parts.push(this.#target($ref));
    if (anyOf !== undefined) parts.push(this.#random.pick(anyOf));
    if (oneOf !== undefined) parts.push(this.#random.pick(oneOf));
    if (condition !== undefined) {
      parts.push(...(this.#random.below(2) === 1 ? [condition, then ?? true] : [otherwise ?? true]));
    }
    return parts.reduce<Schema>((merged, part) => mergedWith(merged, this.#flat(part, depth + 1)), own);
  }

  #target(ref: string): SchemaOrFlag {
    let found: unknown = this.#root;
    for (const part of pointerParts(ref.slice(1))) found = (found as Record<string, unknown>)[part];
    return found as SchemaOrFlag;
  }

  #typeOf({ type, properties, required, items, prefixItems, minimum, maximum }: Schema): string {
    if (typeof type === 'string') return type;
    if (type !== undefined) return this.#random.pick(type);
    if (properties !== undefined || required !== undefined) return 'object';
    if (items !== undefined || prefixItems !== undefined) return 'array';
    if (minimum !== undefined || maximum !== undefined) return 'integer';
    return 'string';
  }

  #fields(schema: Schema, more: number, depth: number): Map<string, Sample> {
    const { properties = {}, required = [], additionalProperties = true, minProperties = 0 } = schema;
    const fields = new Map<string, Sample>();
    for (const [key, inside] of Object.entries(properties)) {
      const optional = more > 0 && depth < maxDepth && this.#random.below(3) > 0;
      if (inside !== false && (required.includes(key) || optional)) {
        fields.set(key, this.sample(more, inside, depth + 1));
      }
    }
    // Names that the schema leaves open, such as those of planets.
    const free: [RegExp, SchemaOrFlag][] = Object.entries(schema.patternProperties ?? {}).map(
      ([pattern, inside]) => [new RegExp(pattern, 'u'), inside],
    );
    if (typeof additionalProperties === 'object') free.push([/^/, additionalProperties]);
    const names = [...this.#hints.texts, ...this.#hints.numbers.map(String), ...texts];
    for (const [pattern, inside] of depth < maxDepth ? free : []) {
      const fitting = names.filter((name) => pattern.test(name) && !Object.hasOwn(properties, name));
      const count = Math.max(minProperties - fields.size, this.#random.below(Math.min(more, moreFields) + 1));
      for (const name of this.#random.shuffled(fitting).slice(0, count)) {
        fields.set(name, this.sample(more, inside, depth + 1));
      }
    }
    for (const name of required) {
      if (!fields.has(name)) fields.set(name, this.sample(more, additionalProperties, depth + 1));
    }
    return fields;
  }

  #items(schema: Schema, more: number, depth: number): Sample[] {
    const { prefixItems = [], items = true, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
    // Lists within lists are shorter.
    const extra = depth < maxDepth ? Math.ceil(more / 2 ** depth) : 0;
    const most = Math.min(maxItems, minItems + extra);
    const count = this.#random.between(minItems, Math.max(minItems, most));
    const inside = Array.isArray(items) ? true : items;
    const made = Array.from({ length: count }, (_, index) =>
      this.sample(more, prefixItems[index] ?? inside, depth + 1),
    );
    if (schema.uniqueItems !== true) return made;
    return [...new Map(made.map((item) => [JSON.stringify(jsonOf(item)), item])).values()];
  }

  #integer(schema: Schema): number {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf = 1 } = schema;
    const lows = [minimum, typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : undefined];
    const highs = [maximum, typeof exclusiveMaximum === 'number' ? exclusiveMaximum - 1 : undefined];
    const low = Math.ceil(
      Math.max(...lows.filter(isNumber), highs.some(isNumber) ? Number.NEGATIVE_INFINITY : 0),
    );
    const high = Math.floor(Math.min(...highs.filter(isNumber)));
    const span = 2 ** unboundedBits;
    const from = Number.isFinite(low) ? low : high - span;
    const to = Math.max(from, Number.isFinite(high) ? high : from + span);
    const fitting = this.#hints.numbers.filter((number) => number >= low && number <= high);
    if (fitting.length > 0 && this.#random.below(3) === 0) return this.#random.pick(fitting);
    const any = Number.isFinite(high)
      ? () => this.#random.between(from, Math.min(to, from + 2 ** 40))
      : () => from + this.#random.below(2 ** this.#random.below(unboundedBits + 1));
    const choices = [from, Number.isFinite(high) ? to : any(), any(), any(), any()];
    return Math.ceil(this.#random.pick(choices) / multipleOf) * multipleOf;
  }

  #text({ pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY, format }: Schema): string {
    const fits = (text: string) =>
      [...text].length >= minLength &&
      [...text].length <= maxLength &&
      (pattern === undefined || new RegExp(pattern, 'u').test(text));
    if (format === 'uuid') return '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a11';
    const seen = this.#hints.texts.filter(fits);
    if (seen.length > 0 && this.#random.below(3) > 0) return this.#random.pick(seen);
    const padded = 'x'.repeat(minLength);
    const fitting = [...seen, ...texts.filter(fits), ...(fits(padded) ? [padded] : [])];
    return fitting.length > 0 ? this.#random.pick(fitting) : padded;
  }
}

/** Without the items of lists that these paths lead through; undefined when one leads through no list. */
export function pruned(sample: Sample, paths: readonly (readonly string[])[]): Sample | undefined {
  const byKey = Map.groupBy(paths, ([key = '']) => key);
  switch (sample.kind) {
    case 'leaf':
      return paths.length === 0 ? sample : undefined;
    case 'array':
      if (paths.some((path) => path.length === 0)) return undefined;
      return { ...sample, items: sample.items.filter((_, index) => !byKey.has(String(index))) };
    case 'object': {
      const fields = new Map(sample.fields);
      for (const [key, inside] of byKey) {
        const before = fields.get(key);
        const after =
          before &&
          pruned(
            before,
            inside.map(([, ...rest]) => rest),
          );
        if (after === undefined) return undefined;
        fields.set(key, after);
      }
      return { ...sample, fields };
    }
  }
}

/** Takes over the values of orders that were valid. */
export function learn(learned: Learned, sample: Sample): void {
  switch (sample.kind) {
    case 'leaf':
      learned.set(sample.schema, (learned.get(sample.schema) ?? new Set()).add(sample.value));
      break;
    case 'array':
      for (const item of sample.items) learn(learned, item);
      break;
    case 'object':
      for (const field of sample.fields.values()) learn(learned, field);
  }
}

function partOf(sample: Sample, key: string): Sample | undefined {
  if (sample.kind === 'object') return sample.fields.get(key);
  return sample.kind === 'array' ? sample.items[Number(key)] : undefined;
}

export function jsonOf(sample: Sample): unknown {
  switch (sample.kind) {
    case 'leaf':
      return sample.value;
    case 'object':
      return Object.fromEntries([...sample.fields].map(([key, inside]) => [key, jsonOf(inside)]));
    case 'array':
      return sample.items.map(jsonOf);
  }
}

/** Numbers and texts of a view, names of fields included. */
export function hintsOf(view: unknown): Hints {
  const numbers = new Set<number>();
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Number.isInteger(value)) numbers.add(value as number);
    else if (typeof value === 'string') found.add(value);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inside] of Object.entries(value)) {
        if (!Array.isArray(value)) found.add(key);
        walk(inside);
      }
    }
  };
  walk(view);
  return { numbers: [...numbers], texts: [...found] };
}

/** Of a JSON pointer (RFC 6901). */
export function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function mergedWith(a: Schema, b: Schema): Schema {
  const numbers = (left: number | undefined, right: number | undefined, choose: typeof Math.max) =>
    left === undefined || right === undefined ? (left ?? right) : choose(left, right);
  const merged: Schema = { ...a, ...b };
  if (a.properties !== undefined && b.properties !== undefined) {
    merged.properties = { ...a.properties };
    for (const [key, inside] of Object.entries(b.properties)) {
      const before = a.properties[key];
      merged.properties[key] = before === undefined ? inside : { allOf: [before, inside] as Schema[] };
    }
  }
  if (a.required !== undefined) merged.required = [...a.required, ...(b.required ?? [])];
  const minimum = numbers(a.minimum, b.minimum, Math.max);
  const maximum = numbers(a.maximum, b.maximum, Math.min);
  if (minimum !== undefined) merged.minimum = minimum;
  if (maximum !== undefined) merged.maximum = maximum;
  return merged;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
