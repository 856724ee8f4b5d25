// The fields of a JSON Schema as a table for people.
import type { Schema } from './openapi-documents.ts';

/** Lines of Markdown: a row per field, also of the objects in lists. */
export function fieldTable(title: string, schema: Schema): string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  if (properties.length === 0) return [`${title}: \`{}\`.`, ''];
  const required = new Set((schema.required ?? []) as string[]);
  const rows = properties.flatMap(([name, property]) => fieldRows(name, property, required.has(name)));
  return [`${title}:`, '', '| field | type | |', '| --- | --- | --- |', ...rows, ''];
}

function fieldRows(name: string, schema: Schema, required: boolean): string[] {
  const notes = [
    ...(required ? [] : ['optional']),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
    ...(typeof schema.description === 'string' ? [schema.description] : []),
    ...(schema.example === undefined ? [] : [`such as \`${String(schema.example)}\``]),
  ];
  const row = `| \`${name}\` | ${typeText(schema)} | ${notes.join('; ')} |`;
  const item = schema.items as Schema | undefined;
  if (item?.properties === undefined) return [row];
  const itemRequired = new Set((item.required ?? []) as string[]);
  return [
    row,
    ...Object.entries(item.properties as Record<string, Schema>).flatMap(([key, property]) =>
      fieldRows(`${name}[].${key}`, property, itemRequired.has(key)),
    ),
  ];
}

function typeText(schema: Schema): string {
  const values = schema.enum as unknown[] | undefined;
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(' ');
  const types = [schema.type ?? 'any'].flat().map(String).join(' or ');
  const bounds = [
    schema.format,
    schema.pattern === undefined ? undefined : `\`${String(schema.pattern).replaceAll('|', '\\|')}\``,
    schema.minLength === undefined ? undefined : `at least ${schema.minLength} characters`,
    schema.maxLength === undefined ? undefined : `at most ${schema.maxLength} characters`,
    schema.minimum === undefined ? undefined : `≥ ${schema.minimum}`,
    schema.maximum === undefined || Number(schema.maximum) > 2 ** 50 ? undefined : `≤ ${schema.maximum}`,
  ].filter((bound) => bound !== undefined);
  return [types, ...bounds].join(', ');
}
