import { type AnyColumn, type SQL, sql } from 'drizzle-orm';
import type { Given } from '../../postgres/statement.ts';

/** Where a page ends, in lists that are ordered by a time and, among equals, by an id. */
export type Place = { readonly at: Date; readonly id: string };

/** At most `size` items, from behind `after`. */
export type PageRequest<P = Place> = { readonly size: number; readonly after: P | undefined };

/** `next` is where the page ends; absent on the last one. */
export type Page<Item, P = Place> = { readonly items: Item[]; readonly next?: P };

/** Makes a page of rows that were read with a limit of `size + 1`. */
export function takePage<Item, P>(rows: Item[], size: number, placeOf: (item: Item) => P): Page<Item, P> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return rows.length > size && last !== undefined ? { items, next: placeOf(last) } : { items };
}

export function behind(at: AnyColumn, id: AnyColumn, place: Place | Given<Place>): SQL {
  return sql`(${at}, ${id}) > (${place.at}::timestamptz, ${place.id}::uuid)`;
}

export function before(at: AnyColumn, id: AnyColumn, place: Place | Given<Place>): SQL {
  return sql`(${at}, ${id}) < (${place.at}::timestamptz, ${place.id}::uuid)`;
}
