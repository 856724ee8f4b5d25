/**
 * Whether PostgreSQL stores a JSON value as `jsonb`, which can hold neither NUL nor half of a surrogate pair. Only a
 * value whose depth is bounded may be asked about.
 */
export function isStorableJson(value: unknown): boolean {
  return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(JSON.stringify(value));
}
