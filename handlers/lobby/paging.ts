import { z } from '@hono/zod-openapi';
import { type PageToken, type PageTokens, pageTokens } from '../../lib/http/paging.ts';
import { id } from '../../lib/http/schemas.ts';
import type { Page, PagePosition, PageRequest } from '../../lib/lobby/store/pages.ts';

/** Milliseconds since 1970, and an id. */
type PositionToken = PageToken<readonly [number, string]>;

// The times that PostgreSQL can compare with; a token may be made up.
const epochMs = z.int().min(0).max(Date.UTC(9999, 0));

/** The page tokens of a list that is ordered by a time and an id. */
export function positionTokens(list: string): PageTokens<readonly [number, string]> {
  return pageTokens(list, z.tuple([epochMs, id]).readonly());
}

/** The page that a request asks for. */
export function pageRequestOf(
  token: PositionToken,
  query: { page_size: number; page_token?: string | undefined },
): PageRequest {
  const position = token.read(query.page_token);
  return { size: query.page_size, after: position && { at: new Date(position[0]), id: position[1] } };
}

/** The response of a list. */
export function toPage<Item, Shaped>(
  token: PositionToken,
  page: Page<Item>,
  toResponse: (item: Item) => Shaped,
) {
  return { items: page.items.map(toResponse), ...nextPage(token, page.next) };
}

function nextPage(token: PositionToken, next: PagePosition | undefined): { next_page_token?: string } {
  return next === undefined ? {} : { next_page_token: token.write([next.at.getTime(), next.id]) };
}
