// JSON that the rules return, and JSON that two requests are compared by.
import { createHash } from 'node:crypto';

const maxDepth = 200;

/**
 * A frozen copy of the value, with nothing in it that JSON cannot hold: what the game would be after a restart, it is
 * before one, too.
 * @param name for the message, such as `the state that setUp returned`.
 * @throws TypeError with the path to what JSON cannot hold.
 */
export function frozenJson<T>(value: T, name: string): T {
  return frozen(value, name, []) as T;
}

function frozen(value: unknown, name: string, path: readonly (string | number)[]): unknown {
  const fault = (what: string) =>
    new TypeError(`${name} must be JSON, and ${['', ...path].join('/') || 'it'} is ${what}`);
  if (path.length > maxDepth) throw fault(`nested more than ${maxDepth} levels deep`);
  switch (typeof value) {
    case 'string':
      if (value.includes('\0') || !value.isWellFormed()) throw fault('a text with NUL or half of a pair');
      return value;
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw fault(String(value));
      return value === 0 ? 0 : value;
    case 'object':
      break;
    default:
      throw fault(typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`);
  }
  if (value === null) return null;
  if (Array.isArray(value)) {
    return Object.freeze(Array.from(value, (item, index) => frozen(item, name, [...path, index])));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw fault(`a ${value.constructor?.name ?? 'class'}`);
  }
  // A field that is undefined is one that is not there, as in JSON.stringify.
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.freeze(
    Object.fromEntries(fields.map(([key, field]) => [key, frozen(field, name, [...path, key])])),
  );
}

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** SHA-256 of the JSON with its fields in the order of their names. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sortFields)).digest('hex');
}

function sortFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
