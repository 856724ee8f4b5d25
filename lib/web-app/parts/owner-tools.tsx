// What the owner, and a member, can do with a game as a whole.
import type { Game } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import type { GameState } from '../game-state.ts';
import { serverNow } from '../server-time.ts';
import { Act } from './basics.tsx';

const reopenedForMs = 7 * 86_400_000;

/** Enrollment that is opened again needs a deadline ahead. */
function deadlineAhead({ enrollment_ends_at: endsAt }: Pick<Game, 'enrollment_ends_at'>) {
  if (Date.parse(endsAt) > serverNow()) return {};
  return { enrollment_ends_at: new Date(serverNow() + reopenedForMs).toISOString() };
}

export function OwnerTools(props: { state: GameState; isOwner: boolean; reload: () => Promise<void> }) {
  const { isOwner, reload } = props;
  const { game, members } = props.state;
  const { client, userId } = usePlayer();
  const { text } = useWords();
  const { game_id, status } = game;
  const then = (work: () => Promise<unknown>) => async () => {
    await work();
    await reload();
  };
  const { lobby } = client;
  const isMember = members.some((member) => member.user_id === userId && member.status === 'active');
  const isOver = status === 'finished' || status === 'cancelled';
  return (
    <div class="buttons">
      {isOwner && status === 'draft' && (
        <Act
          primary
          label={text.game.openEnrollment}
          onAct={then(() => lobby.game.openEnrollment({ game_id }))}
        />
      )}
      {isOwner && status === 'enrollment_open' && game.active_members >= game.min_players && (
        <Act label={text.game.closeEnrollment} onAct={then(() => lobby.game.closeEnrollment({ game_id }))} />
      )}
      {isOwner && status === 'ready_to_start' && (
        <Act primary label={text.game.start} onAct={then(() => lobby.game.start({ game_id }))} />
      )}
      {isOwner && status === 'start_failed' && (
        <Act primary label={text.game.retry} onAct={then(() => lobby.game.retryStart({ game_id }))} />
      )}
      {isOwner && (status === 'ready_to_start' || status === 'start_failed') && (
        <Act
          label={text.game.reopen}
          onAct={then(() => lobby.game.reopenEnrollment({ game_id, ...deadlineAhead(game) }))}
        />
      )}
      {isOwner && status === 'running' && (
        <Act label={text.game.pause} onAct={then(() => lobby.game.pause({ game_id }))} />
      )}
      {isOwner && status === 'paused' && (
        <Act primary label={text.game.resume} onAct={then(() => lobby.game.resume({ game_id }))} />
      )}
      {isOwner && !isOver && status !== 'running' && status !== 'starting' && (
        <Act asks label={text.game.cancel} onAct={then(() => lobby.game.cancel({ game_id }))} />
      )}
      {isMember && !isOver && (
        <Act asks label={text.game.leave} onAct={then(() => lobby.membership.leave({ game_id }))} />
      )}
    </div>
  );
}
