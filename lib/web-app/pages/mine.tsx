// The games of the player: first those that wait for them.
import { usePlayer, useWords } from '../context.ts';
import { Act, Async } from '../parts/basics.tsx';
import { GameCard } from '../parts/game-card.tsx';
import { GameList, useGames } from '../parts/game-list.tsx';
import { addressOf } from '../router.ts';
import { useLoad } from '../use-load.ts';

export function MinePage() {
  const { client } = usePlayer();
  const { text } = useWords();
  const mine = useGames('mine', (pageToken) =>
    client.lobby.game.listMine({ page_size: 100, ...(pageToken !== undefined && { page_token: pageToken }) }),
  );
  const waiting = useGames('waiting', () => client.lobby.game.listMine({ waiting_for_me: true }));
  const waits = new Set(waiting.value?.items.map(({ game_id: id }) => id));
  const groups = (items: NonNullable<typeof mine.value>['items']) => [
    {
      title: text.mine.running,
      games: items.filter(
        ({ status, game_id: id }) => ['running', 'paused', 'starting'].includes(status) && !waits.has(id),
      ),
    },
    {
      title: text.mine.enrolling,
      games: items.filter(({ status }) =>
        ['draft', 'enrollment_open', 'ready_to_start', 'start_failed'].includes(status),
      ),
    },
    {
      title: text.mine.over,
      games: items.filter(({ status }) => ['finished', 'cancelled'].includes(status)),
    },
  ];
  return (
    <main>
      <h1>{text.mine.title}</h1>
      <section>
        <h2>{text.mine.waiting}</h2>
        <GameList games={waiting} nothing={text.mine.nothingWaits} />
      </section>
      <Invitations />
      <Applied />
      <Async of={mine}>
        {({ items, next_page_token: next }) => (
          <>
            {items.length === 0 && (
              <p class="nothing">
                {text.mine.nothing} <a href={addressOf({ page: 'find' })}>{text.nav.find}</a>{' '}
                <a href={addressOf({ page: 'create' })}>{text.nav.create}</a>
              </p>
            )}
            {groups(items).map(
              ({ title, games }) =>
                games.length > 0 && (
                  <section key={title}>
                    <h2>{title}</h2>
                    <ul class="cards">
                      {games.map((game) => (
                        <GameCard key={game.game_id} game={game} />
                      ))}
                    </ul>
                  </section>
                ),
            )}
            {next !== undefined && <Act label={text.more} onAct={mine.more} />}
          </>
        )}
      </Async>
    </main>
  );
}

function Invitations() {
  const { client } = usePlayer();
  const { text } = useWords();
  const invites = useLoad(
    'invites',
    () => client.lobby.invite.listMine({ status: 'pending' }),
    (news) => news.kind === 'event' && news.eventType.startsWith('lobby.invite.'),
  );
  return (
    <Async of={invites}>
      {({ items }) =>
        items.length > 0 && (
          <section>
            <h2>{text.mine.invites}</h2>
            <ul class="cards">
              {items.map(({ invite_id: id, game_id: gameId, game }) => (
                <li class="card" key={id}>
                  <h3>
                    <a href={addressOf({ page: 'game', gameId })}>
                      <bdi>{game?.game_name ?? gameId}</bdi>
                    </a>
                  </h3>
                </li>
              ))}
            </ul>
          </section>
        )
      }
    </Async>
  );
}

/** Games whose owners have not decided about the player yet. */
function Applied() {
  const { client } = usePlayer();
  const { text } = useWords();
  const applied = useLoad(
    'applied',
    async () => {
      const { items } = await client.lobby.application.listMine({ status: 'pending', page_size: 50 });
      return Promise.all(items.map(({ game_id }) => client.lobby.game.get({ game_id })));
    },
    (news) => news.kind === 'event' && news.eventType.startsWith('lobby.'),
  );
  return (
    <Async of={applied}>
      {(games) =>
        games.length > 0 && (
          <section>
            <h2>{text.mine.applied}</h2>
            <ul class="cards">
              {games.map((game) => (
                <GameCard key={game.game_id} game={game} />
              ))}
            </ul>
          </section>
        )
      }
    </Async>
  );
}
