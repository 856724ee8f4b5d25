// What has happened elsewhere, in a few words: the last events of the player's stream.
import { useEffect, useState } from 'preact/hooks';
import type { PlayerEvent } from '../../client/events.ts';
import { usePlayer, useWords } from '../context.ts';
import { addressOf, type Route } from '../router.ts';
import type { Texts } from '../texts/en.ts';

const most = 3;

type Item = { readonly id: string; readonly gameId: string; readonly words: string };

export function News({ route }: { route: Route }) {
  const player = usePlayer();
  const { text } = useWords();
  const [items, setItems] = useState<readonly Item[]>([]);
  useEffect(
    () =>
      player.listen((news) => {
        const item = news.kind === 'event' ? itemOf(news, text) : undefined;
        if (item !== undefined) setItems((before) => [...before, item].slice(-most));
      }),
    [player, text],
  );
  const dismiss = (id: string) => setItems((before) => before.filter((item) => item.id !== id));
  // A game that is looked at shows what is new in it.
  const shown = items.filter(({ gameId }) => route.page !== 'game' || route.gameId !== gameId);
  return (
    <section class="news" role="status" aria-label={text.news.label}>
      {shown.map(({ id, gameId, words }) => (
        <p key={id}>
          <a href={addressOf({ page: 'game', gameId })} onClick={() => dismiss(id)}>
            <bdi>{words}</bdi>
          </a>
          <button type="button" aria-label={`${text.news.dismiss}: ${words}`} onClick={() => dismiss(id)}>
            ✕
          </button>
        </p>
      ))}
    </section>
  );
}

function itemOf(event: PlayerEvent, text: Texts): Item | undefined {
  const { eventType, eventId, payload } = event;
  const known: Readonly<Record<string, (game: string, name: string) => string>> = text.news.of;
  const words = Object.hasOwn(known, eventType) ? known[eventType] : undefined;
  if (words === undefined || !('game_name' in payload)) return undefined;
  if (event.eventType === 'lobby.game.turn_advanced' && !event.payload.awaited) return undefined;
  const name = 'race_name' in payload ? payload.race_name : '';
  return { id: eventId, gameId: payload.game_id, words: words(payload.game_name, name) };
}
