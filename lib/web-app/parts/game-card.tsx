// A game in a list.
import type { Game } from '../../client/browser.ts';
import { useWords } from '../context.ts';
import { addressOf } from '../router.ts';
import { clockWords, timeWords } from '../time-words.ts';
import { Countdown } from './basics.tsx';

export function GameCard({ game }: { game: Game }) {
  const { language, text } = useWords();
  const { game_id: gameId, game_name: name, status, due_at: dueAt, current_turn: turn } = game;
  const most = game.max_players + (game.gap_opened_at === null ? 0 : game.start_gap_players);
  return (
    <li class="card game">
      <h3>
        <a href={addressOf({ page: 'game', gameId })}>
          <bdi>{name}</bdi>
        </a>
      </h3>
      <p class="tags">
        <span class={`tag ${status}`}>{text.status[status]}</span>
        <span class="tag">{gameTitle(game.engine_family)}</span>
        {game.game_type === 'private' && <span class="tag">{text.card.private}</span>}
      </p>
      {game.description !== '' && (
        <p class="description">
          <bdi>{game.description}</bdi>
        </p>
      )}
      <p class="facts">
        {text.card.players(game.active_members, most)}
        {status === 'running' && turn !== null && ` · ${text.card.turn(turn + 1)}`}
        {status === 'running' && dueAt !== null && (
          <>
            {` · ${text.card.due} `}
            <Countdown to={dueAt} />
          </>
        )}
      </p>
      {status === 'enrollment_open' && (
        <p class="facts">{text.card.endsAt(timeWords(game.enrollment_ends_at, language))}</p>
      )}
      <p class="facts">{clockWords(game, language, text)}</p>
    </li>
  );
}

/** `four-in-a-row` becomes "Four in a row". */
export function gameTitle(family: string): string {
  const words = family.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
