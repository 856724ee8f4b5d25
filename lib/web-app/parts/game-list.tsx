// A list of games that comes in pages.
import { useState } from 'preact/hooks';
import type { Game } from '../../client/browser.ts';
import { useWords } from '../context.ts';
import { type Loaded, useLoad } from '../use-load.ts';
import { Act, Async } from './basics.tsx';
import { GameCard } from './game-card.tsx';

type Page = { readonly items: readonly Game[]; readonly next_page_token?: string };

/** @param load gets the token of the page, undefined for the first. */
export function useGames(
  key: string,
  load: (pageToken: string | undefined) => Promise<Page>,
): Loaded<Page> & {
  more: () => Promise<void>;
} {
  const first = useLoad(
    key,
    () => load(undefined),
    ({ kind }) => kind === 'event',
  );
  const [rest, setRest] = useState<{ of: Page | undefined; page: Page }>({
    of: undefined,
    page: { items: [] },
  });
  const added = rest.of === first.value ? rest.page : undefined;
  const token = added === undefined ? first.value?.next_page_token : added.next_page_token;
  const value =
    first.value === undefined
      ? undefined
      : {
          items: [...first.value.items, ...(added?.items ?? [])],
          ...(token !== undefined && { next_page_token: token }),
        };
  return {
    ...first,
    value,
    async more() {
      const page = await load(token);
      setRest({ of: first.value, page: { ...page, items: [...(added?.items ?? []), ...page.items] } });
    },
  };
}

export function GameList({ games, nothing }: { games: ReturnType<typeof useGames>; nothing: string }) {
  const { text } = useWords();
  return (
    <Async of={games}>
      {({ items, next_page_token: next }) => (
        <>
          {items.length === 0 && <p class="nothing">{nothing}</p>}
          <ul class="cards">
            {items.map((game) => (
              <GameCard key={game.game_id} game={game} />
            ))}
          </ul>
          {next !== undefined && <Act label={text.more} onAct={games.more} />}
        </>
      )}
    </Async>
  );
}
