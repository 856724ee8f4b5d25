import { z } from '@hono/zod-openapi';
import { type PageToken, pageToken } from '../../lib/http/paging.ts';
import { id } from '../../lib/http/schemas.ts';
import type { Page, PageRequest, PagePosition } from '../../lib/lobby/store/pages.ts';

/** Milliseconds since 1970, and an id. */
type PlaceToken = PageToken<readonly [number, string]>;

// What PostgreSQL can compare with; a token may be made up.
const epochMs = z.int().min(0).max(Date.UTC(9999, 0));

/** The page token of a list that is ordered by a time and an id. */
export function placeToken(list: string): PlaceToken {
  return pageToken(list, z.tuple([epochMs, id]).readonly());
}

/** What a list is asked for. */
export function pageRequestOf(
  token: PlaceToken,
  query: { page_size: number; page_token?: string | undefined },
): PageRequest {
  const place = token.read(query.page_token);
  return { size: query.page_size, after: place && { at: new Date(place[0]), id: place[1] } };
}

/** What a list answers with. */
export function toPage<Item, Answer>(
  token: PlaceToken,
  page: Page<Item>,
  toResponse: (item: Item) => Answer,
) {
  return { items: page.items.map(toResponse), ...nextPage(token, page.next) };
}

function nextPage(token: PlaceToken, next: PagePosition | undefined): { next_page_token?: string } {
  return next === undefined ? {} : { next_page_token: token.write([next.at.getTime(), next.id]) };
}
