import { type AnyColumn, type SQL, sql } from 'drizzle-orm';
import type { Given } from '../../postgres/statement.ts';

/** The position at which a page ends, in lists that are ordered by a time and, among equals, by an id. */
export type PagePosition = { readonly at: Date; readonly id: string };

/** At most `size` items, after the position `after`. */
export type PageRequest<P = PagePosition> = { readonly size: number; readonly after: P | undefined };

/** `next` is the position at which the page ends; absent on the last one. */
export type Page<Item, P = PagePosition> = { readonly items: Item[]; readonly next?: P };

/** Makes a page of rows that were read with a limit of `size + 1`. */
export function takePage<Item, P>(rows: Item[], size: number, positionOf: (item: Item) => P): Page<Item, P> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return rows.length > size && last !== undefined ? { items, next: positionOf(last) } : { items };
}

export function behind(at: AnyColumn, id: AnyColumn, position: PagePosition | Given<PagePosition>): SQL {
  return sql`(${at}, ${id}) > (${position.at}::timestamptz, ${position.id}::uuid)`;
}

export function before(at: AnyColumn, id: AnyColumn, position: PagePosition | Given<PagePosition>): SQL {
  return sql`(${at}, ${id}) < (${position.at}::timestamptz, ${position.id}::uuid)`;
}
