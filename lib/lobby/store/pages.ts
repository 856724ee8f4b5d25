import { type AnyColumn, type SQL, sql } from 'drizzle-orm';
import type { Given } from '../../postgres/statement.ts';

/** The position at which a page ends, in lists that are ordered by a time and, among equals, by an id. */
export type PagePosition = { readonly at: Date; readonly id: string };

/** At most `size` items, after the position `after`. */
export type PageRequest<P = PagePosition> = { readonly size: number; readonly after: P | undefined };

/** `next` is the position at which the page ends; absent on the last one. */
export type Page<Item, P = PagePosition> = { readonly items: Item[]; readonly next?: P };

/** How large a page may be with all that is around it; the gateway passes on responses of up to 1 MiB. */
const maxPageBytes = 768 * 1_024;

/**
 * Makes a page of rows that were read with a limit of `size + 1`.
 * @param bytesOf about how large an item is in a response, if it may be large: then a page may have fewer than `size`.
 */
export function takePage<Item, P>(
  rows: Item[],
  size: number,
  positionOf: (item: Item) => P,
  bytesOf?: (item: Item) => number,
): Page<Item, P> {
  const items = rows.slice(0, Math.min(size, bytesOf ? countFitting(rows, bytesOf) : size));
  const last = items.at(-1);
  return rows.length > items.length && last !== undefined ? { items, next: positionOf(last) } : { items };
}

/** How many of these fit into a page; the first one always does. */
function countFitting<Item>(rows: readonly Item[], bytesOf: (item: Item) => number): number {
  let bytes = 0;
  const tooMuch = rows.findIndex((row, i) => {
    bytes += bytesOf(row);
    return i > 0 && bytes > maxPageBytes;
  });
  return tooMuch === -1 ? rows.length : tooMuch;
}

export function behind(at: AnyColumn, id: AnyColumn, position: PagePosition | Given<PagePosition>): SQL {
  return sql`(${at}, ${id}) > (${position.at}::timestamptz, ${position.id}::uuid)`;
}

export function before(at: AnyColumn, id: AnyColumn, position: PagePosition | Given<PagePosition>): SQL {
  return sql`(${at}, ${id}) < (${position.at}::timestamptz, ${position.id}::uuid)`;
}
