import { z } from '@hono/zod-openapi';
import { type PageToken, pageToken } from '../../lib/http/paging.ts';
import { id, timestamp } from '../../lib/http/schemas.ts';
import type { Page, PageRequest, Place } from '../../lib/lobby/store/pages.ts';

type PlaceToken = PageToken<readonly [string, string]>;

/** The page token of a list that is ordered by a time and an id. */
export function placeToken(list: string): PlaceToken {
  return pageToken(list, z.tuple([timestamp, id]).readonly());
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
export function toPage<Item, Answer>(token: PlaceToken, page: Page<Item>, toAnswer: (item: Item) => Answer) {
  return { items: page.items.map(toAnswer), ...nextPage(token, page.next) };
}

function nextPage(token: PlaceToken, next: Place | undefined): { next_page_token?: string } {
  return next === undefined ? {} : { next_page_token: token.write([next.at.toISOString(), next.id]) };
}
