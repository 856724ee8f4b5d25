// One game, from its enrollment to its result.
import type { Game } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import type { GameState } from '../game-state.ts';
import { Async } from '../parts/basics.tsx';
import { Enrollment } from '../parts/enrollment.tsx';
import { gameTitle } from '../parts/game-card.tsx';
import { GameEdit } from '../parts/game-edit.tsx';
import { Members } from '../parts/members.tsx';
import { OwnerTools } from '../parts/owner-tools.tsx';
import { Play } from '../parts/play.tsx';
import { Result } from '../parts/result.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { clockWords } from '../time-words.ts';
import { about, type Loaded, useLoad } from '../use-load.ts';

export function GamePage({ gameId }: { gameId: string }) {
  const { client } = usePlayer();
  const loaded = useLoad<GameState>(
    gameId,
    async () => {
      const [game, { items: members }] = await Promise.all([
        client.lobby.game.get({ game_id: gameId }),
        client.lobby.membership.list({ game_id: gameId, page_size: 200 }),
      ]);
      return { game, members };
    },
    about(gameId),
  );
  return (
    <main class="game-page">
      <Async of={loaded}>{(state) => <Shown state={state} reload={loaded.reload} />}</Async>
    </main>
  );
}

function Shown({ state, reload }: { state: GameState; reload: Loaded<GameState>['reload'] }) {
  const { game } = state;
  const { userId } = usePlayer();
  const { language, text } = useWords();
  const isOwner = game.owner_user_id === userId;
  const plays = ['running', 'paused', 'finished'].includes(game.status);
  return (
    <>
      <header class="game-head">
        <h1>
          <bdi>{game.game_name}</bdi>
        </h1>
        <p class="tags">
          <span class={`tag ${game.status}`}>{text.status[game.status]}</span>
          <span class="tag">{gameTitle(game.engine_family)}</span>
        </p>
      </header>
      <Notice game={game} />
      {game.status === 'finished' && <Result game={game} />}
      {plays && <Play state={state} onChanged={reload} />}
      {game.status === 'enrollment_open' && <Enrollment state={state} isOwner={isOwner} reload={reload} />}
      {(!plays || isOwner) && <Members state={state} isOwner={isOwner} reload={reload} />}
      {isOwner && ['draft', 'enrollment_open'].includes(game.status) && (
        <GameEdit game={game} reload={reload} />
      )}
      <section class="card about">
        {game.description !== '' && (
          <p>
            <bdi>{game.description}</bdi>
          </p>
        )}
        <p>{clockWords(game, language, text)}</p>
        <OwnerTools state={state} isOwner={isOwner} reload={reload} />
      </section>
      {isOwner && game.status !== 'draft' && <Timeline gameId={game.game_id} />}
    </>
  );
}

function Notice({ game }: { game: Game }) {
  const { text } = useWords();
  const words: Partial<Record<Game['status'], string>> = {
    ready_to_start: text.game.readyToStart,
    starting: text.game.starting,
    start_failed: text.game.startFailed,
    paused: text.game.paused,
    cancelled: text.game.cancelled,
  };
  const notice = words[game.status];
  const trouble = game.status === 'running' && ![null, 'ok'].includes(game.engine_health);
  return (
    <>
      {notice !== undefined && (
        <p class="notice" role="status">
          {notice}
        </p>
      )}
      {trouble && (
        <p class="notice warn" role="status">
          {text.game.engineTrouble}
        </p>
      )}
    </>
  );
}
