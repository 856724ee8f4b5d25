import { z } from '@hono/zod-openapi';
import { pageTokens } from '../../lib/http/paging.ts';
import { id } from '../../lib/http/schemas.ts';
import { searchedInAll } from '../../lib/lobby/domain/search-words.ts';
import type { ListPosition } from '../../lib/lobby/store/game-lists.ts';
import type { Page, PageRequest } from '../../lib/lobby/store/pages.ts';

type PositionToken = {
  write(position: ListPosition): string;
  /** @throws Refusal `invalid_request` when the token is not one of this list. */
  read(token: string | undefined): ListPosition | undefined;
};

type PositionTokens = {
  /** @param request path parameters and query of the request, as it came. */
  of(request: object): PositionToken;
};

// The times that PostgreSQL can compare with; a token may be made up.
const epochMs = z.int().min(0).max(Date.UTC(9999, 0));
const searchedCount = z.int().min(0).max(searchedInAll);

/** The page tokens of a list that is ordered by a time and an id. */
export function positionTokens(list: string): PositionTokens {
  const tokens = pageTokens(list, z.tuple([epochMs, id]).readonly());
  return {
    of(request) {
      const token = tokens.of(request);
      return {
        write: ({ at, id }) => token.write([at.getTime(), id]),
        read(text) {
          const values = token.read(text);
          return values && { at: new Date(values[0]), id: values[1] };
        },
      };
    },
  };
}

/** As `positionTokens`, for a list with a text filter: also how many games that has scanned. */
export function searchTokens(list: string): PositionTokens {
  const tokens = pageTokens(list, z.tuple([epochMs, id, searchedCount]).readonly());
  return {
    of(request) {
      const token = tokens.of(request);
      return {
        write: ({ at, id, searched = 0 }) => token.write([at.getTime(), id, searched]),
        read(text) {
          const values = token.read(text);
          return values && { at: new Date(values[0]), id: values[1], searched: values[2] };
        },
      };
    },
  };
}

/** The page that a request asks for. */
export function pageRequestOf(
  token: PositionToken,
  query: { page_size: number; page_token?: string | undefined },
): PageRequest<ListPosition> {
  return { size: query.page_size, after: token.read(query.page_token) };
}

/** The response of a list. */
export function toPage<Item, Shaped>(
  token: PositionToken,
  { items, next }: Page<Item, ListPosition>,
  toResponse: (item: Item) => Shaped,
): { items: Shaped[]; next_page_token?: string } {
  return {
    items: items.map(toResponse),
    ...(next === undefined ? {} : { next_page_token: token.write(next) }),
  };
}
