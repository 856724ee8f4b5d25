// Lists in pages. A page token names the last item of a page by its position in the list's order, so a list stays
// stable while rows are added. Tokens are opaque to clients but hold no secret and grant nothing: one of another list, or
// of a page with other filters, is refused, and a forged one only starts a page elsewhere.
import { z } from '@hono/zod-openapi';
import { KeyedHash } from '../rate-limit/keyed-hash.ts';
import { invalidFields } from './field-problems.ts';

const defaultPageSize = 50;
const maxPageSize = 200;

const notAToken = 'is not a token of this list with these filters; start again without one';

/** `page_size` and `page_token`, for the query of a list. */
export const pageQuery = {
  page_size: z
    .string()
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${maxPageSize}`)
    .transform(Number)
    .refine((size) => size >= 1 && size <= maxPageSize, `must be a whole number from 1 to ${maxPageSize}`)
    .default(defaultPageSize)
    .openapi({ type: 'integer', minimum: 1, maximum: maxPageSize, default: defaultPageSize }),
  page_token: z
    .string()
    .max(512, notAToken)
    .optional()
    .openapi({ description: '`next_page_token` of the page before, with the same filters and order.' }),
};

/** The response of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_page_token: z.string().optional().openapi({ description: 'Absent on the last page.' }),
  });
}

/** Where a page ends: the values that the list is ordered by, of its last item. */
export type PageToken<Position> = {
  write(position: Position): string;
  /** @throws Refusal `invalid_request` when the token is not one of this list. */
  read(token: string | undefined): Position | undefined;
};

export type PageTokens<Position> = {
  /**
   * The tokens for one set of filters: the next page of other filters would begin at a place that means nothing to them.
   * @param request path parameters and query of the request, as it came; page size and page token may be among them.
   */
  of(request: object): PageToken<Position>;
};

/** @param list distinguishes the tokens of one list and order from those of others. */
export function pageTokens<Position extends readonly unknown[]>(
  list: string,
  position: z.ZodType<Position>,
): PageTokens<Position> {
  return { of: (request) => pageToken(`${list} ${digestOf(request)}`, position) };
}

function pageToken<Position extends readonly unknown[]>(
  label: string,
  position: z.ZodType<Position>,
): PageToken<Position> {
  const write = (values: Position) => toBase64Url(JSON.stringify([label, ...values]));
  const parse = (token: string): Position | undefined => {
    const parts = parseArray(token);
    if (parts?.[0] !== label) return undefined;
    const values = position.safeParse(parts.slice(1));
    return values.success && write(values.data) === token ? values.data : undefined;
  };
  return {
    write,
    read(token) {
      if (token === undefined) return undefined;
      const values = parse(token);
      if (values === undefined) throw invalidFields([{ field: 'page_token', problem: notAToken }]);
      return values;
    },
  };
}

/** Without a secret key: it keeps mistakes apart, not attackers. */
const hash = new KeyedHash(new Uint8Array(8));

function digestOf({
  page_size: _,
  page_token: __,
  ...filters
}: {
  page_size?: unknown;
  page_token?: unknown;
}) {
  hash.update(JSON.stringify(Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1))));
  return [hash.first, hash.second].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function toBase64Url(ascii: string): string {
  return btoa(ascii).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function parseArray(token: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(atob(token.replaceAll('-', '+').replaceAll('_', '/')));
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
