// The race names of the player.
import type { RaceName } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { Act, Async } from '../parts/basics.tsx';
import { addressOf } from '../router.ts';
import { timeWords } from '../time-words.ts';
import { useLoad } from '../use-load.ts';

const kinds = [
  ['registered', 'registered'],
  ['pending_registration', 'pending'],
  ['reservation', 'reservation'],
] as const;

export function NamesPage() {
  const { client } = usePlayer();
  const { text } = useWords();
  const names = useLoad(
    'names',
    () => client.lobby.raceName.listMine({ page_size: 200 }),
    (news) => news.kind === 'event' && news.eventType.startsWith('lobby.race_name.'),
  );
  return (
    <main class="narrow">
      <h1>{text.names.title}</h1>
      <p>{text.names.intro}</p>
      <Async of={names}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="nothing">{text.names.nothing}</p>}
            {kinds.map(([kind, words]) => (
              <Kind
                key={kind}
                title={text.names[words]}
                names={items.filter((name) => name.kind === kind)}
                reload={names.reload}
              />
            ))}
          </>
        )}
      </Async>
    </main>
  );
}

function Kind(props: { title: string; names: readonly RaceName[]; reload: () => Promise<void> }) {
  const { title, names, reload } = props;
  const { client } = usePlayer();
  const { language, text } = useWords();
  if (names.length === 0) return null;
  return (
    <section class="card">
      <h2>{title}</h2>
      <ul class="plain rows">
        {names.map(({ race_name_id: id, race_name: name, register_until: until, kind, game_id: gameId }) => (
          <li key={id}>
            <span>
              {kind === 'reservation' ? (
                <a href={addressOf({ page: 'game', gameId })}>
                  <bdi>{name}</bdi>
                </a>
              ) : (
                <bdi>{name}</bdi>
              )}
              {until !== null && kind === 'pending_registration' && (
                <small> {text.names.until(timeWords(until, language))}</small>
              )}
            </span>
            {kind === 'pending_registration' && (
              <Act
                primary
                label={text.names.register}
                about={name}
                onAct={async () => {
                  await client.lobby.raceName.register({ race_name_id: id });
                  await reload();
                }}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
