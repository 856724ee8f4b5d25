// Results on a page for people: a named schema, such as Game, is defined once on the page, and every result links to it.
import { fieldTable } from './field-tables.ts';
import type { Operation, Schema } from './operations.ts';

/** The result of an operation: a link to its named schema, or its fields if it has none. */
export function resultLines(title: string, { result, resultName, isPage }: Operation): string[] {
  if (resultName === undefined) return fieldTable(title, result);
  const link = `[${resultName}](#${resultName.toLowerCase()})`;
  const page = 'a page, `{"items":[…],"next_page_token"?}`, of ';
  return [`${title}: ${isPage ? page : ''}${link}.`, ''];
}

/** The sections that `resultLines` links to. */
export function namedSchemas(operations: readonly Operation[]): string[] {
  const schemas = new Map<string, Schema>();
  for (const { resultName, isPage, result } of operations) {
    if (resultName === undefined) continue;
    const { items } = (result.properties ?? {}) as { items?: { items: Schema } };
    const schema = isPage && items !== undefined ? items.items : result;
    const known = schemas.get(resultName) ?? schema;
    if (JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`Two different schemas have the name ${resultName}.`);
    }
    schemas.set(resultName, schema);
  }
  return [...schemas].flatMap(([name, schema]) => [`## ${name}`, '', ...fieldTable('Fields', schema)]);
}
