// What kind of field a JSON Schema is best shown as. What no field fits is edited as JSON.
import { isRecord } from './is-record.ts';

export type Schema = Readonly<Record<string, unknown>>;

export type Field = { readonly label: string; readonly help: string | undefined } & (
  | { readonly kind: 'number'; readonly whole: boolean; readonly min?: number; readonly max?: number }
  | { readonly kind: 'text'; readonly maxLength?: number }
  | { readonly kind: 'yes_no' }
  | { readonly kind: 'choice'; readonly choices: readonly unknown[] }
  | { readonly kind: 'group'; readonly members: readonly Member[] }
  | { readonly kind: 'list'; readonly items: Schema }
  | { readonly kind: 'json' }
);

export type Member = { readonly name: string; readonly schema: Schema; readonly required: boolean };

/** A schema may contain itself. */
const maxDepth = 8;

/** @param path of the value in the whole, for its depth. */
export function fieldFor(root: Schema, schema: Schema, name: string, path: string): Field {
  const { title, description, ...rest } = resolved(root, schema);
  const common = {
    label: typeof title === 'string' ? title : readable(name),
    help: typeof description === 'string' ? description : undefined,
  };
  if (path.split('/').length > maxDepth) return { ...common, kind: 'json' };
  return { ...common, ...kindOf(rest) };
}

type Kind<T> = T extends unknown ? Omit<T, 'label' | 'help'> : never;

function kindOf(schema: Schema): Kind<Field> {
  const { type, minimum, maximum, maxLength, properties, required, items } = schema;
  if ('const' in schema) return { kind: 'choice', choices: [schema.const] };
  if (Array.isArray(schema.enum)) return { kind: 'choice', choices: schema.enum };
  if (['anyOf', 'oneOf', 'allOf', 'not', 'if'].some((keyword) => keyword in schema)) return { kind: 'json' };
  if (type === 'integer' || type === 'number') {
    const bounds = {
      ...(typeof minimum === 'number' && { min: minimum }),
      ...(typeof maximum === 'number' && { max: maximum }),
    };
    return { kind: 'number', whole: type === 'integer', ...bounds };
  }
  if (type === 'string') return { kind: 'text', ...(typeof maxLength === 'number' && { maxLength }) };
  if (type === 'boolean') return { kind: 'yes_no' };
  if (type === 'array' && isRecord(items)) return { kind: 'list', items };
  if (isRecord(properties)) {
    const needed: readonly unknown[] = Array.isArray(required) ? required : [];
    const members = Object.entries(properties).map(([name, member]) => ({
      name,
      schema: isRecord(member) ? member : {},
      required: needed.includes(name),
    }));
    return { kind: 'group', members };
  }
  return { kind: 'json' };
}

/** What a new field holds; undefined for nothing. */
export function emptyValue(root: Schema, schema: Schema): unknown {
  const { default: given, ...rest } = resolved(root, schema);
  if (given !== undefined) return given;
  const field = kindOf(rest);
  if (field.kind === 'list') return [];
  if (field.kind === 'yes_no') return false;
  if (field.kind === 'choice' && field.choices.length === 1) return field.choices[0];
  if (field.kind !== 'group') return undefined;
  const values = field.members
    .filter(({ required }) => required)
    .map(({ name, schema: member }) => [name, emptyValue(root, member)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Follows `$ref` within the schema; what stands beside it wins. */
function resolved(root: Schema, schema: Schema): Schema {
  let current = schema;
  for (let steps = 0; typeof current.$ref === 'string' && steps < maxDepth; steps++) {
    const { $ref, ...beside } = current;
    current = { ...at(root, String($ref)), ...beside };
  }
  return current;
}

function at(root: Schema, ref: string): Schema {
  let found: unknown = root;
  for (const part of ref.split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    found = isRecord(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return isRecord(found) ? found : {};
}

/** `neutral_planets` becomes "Neutral planets". */
function readable(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Of a member: a JSON Pointer (RFC 6901). */
export function pathTo(path: string, name: string | number): string {
  return `${path}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
