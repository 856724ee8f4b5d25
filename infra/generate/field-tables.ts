// The fields of a JSON Schema as a table for people.
import type { Schema } from './operations.ts';

/** Lines of Markdown: a row per field, also of objects within, alone or in lists. */
export function fieldTable(title: string, schema: Schema): string[] {
  const rows = rowsWithin('', schema);
  if (rows.length === 0) return [`${title}: \`{}\`.`, ''];
  return [`${title}:`, '', '| field | type | |', '| --- | --- | --- |', ...rows, ''];
}

function fieldRows(name: string, schema: Schema, required: boolean): string[] {
  const notes = [
    ...(required ? [] : ['optional']),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
    ...(typeof schema.description === 'string' ? [schema.description.replace(/\.$/, '')] : []),
    ...(schema.example === undefined ? [] : [`such as \`${String(schema.example)}\``]),
  ];
  const row = `| \`${name}\` | ${typeText(schema)} | ${notes.join('; ')} |`;
  return [
    row,
    ...rowsWithin(`${name}.`, schema),
    ...rowsWithin(`${name}[].`, (schema.items ?? {}) as Schema),
  ];
}

function rowsWithin(prefix: string, { properties = {}, required = [] }: Schema): string[] {
  const always = new Set(required as string[]);
  return Object.entries(properties as Record<string, Schema>).flatMap(([key, property]) =>
    fieldRows(`${prefix}${key}`, property, always.has(key)),
  );
}

function lengthText({ minLength = 0, maxLength }: Schema): string | undefined {
  if (maxLength === undefined) return minLength === 0 ? undefined : `at least ${minLength} characters`;
  return minLength === 0 ? `at most ${maxLength} characters` : `${minLength} to ${maxLength} characters`;
}

function typeText(schema: Schema): string {
  const values = schema.enum as unknown[] | undefined;
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(' ');
  const types = [schema.type ?? 'any'].flat().map(String).join(' or ');
  const bounds = [
    schema.format,
    schema.pattern === undefined ? undefined : `\`${String(schema.pattern).replaceAll('|', '\\|')}\``,
    lengthText(schema),
    schema.minimum === undefined ? undefined : `≥ ${schema.minimum}`,
    schema.maximum === undefined || Number(schema.maximum) > 2 ** 50 ? undefined : `≤ ${schema.maximum}`,
  ].filter((bound) => bound !== undefined);
  return [types, ...bounds].join(', ');
}
