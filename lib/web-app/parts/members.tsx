// Who plays in a game. Its owner can remove players, also for good.
import { usePlayer, useWords } from '../context.ts';
import type { GameState } from '../game-state.ts';
import { Act } from './basics.tsx';

export function Members(props: { state: GameState; isOwner: boolean; reload: () => Promise<void> }) {
  const { state, isOwner, reload } = props;
  const { client, userId } = usePlayer();
  const { text } = useWords();
  const active = state.members.filter(({ status }) => status === 'active');
  const isOver = state.game.status === 'finished' || state.game.status === 'cancelled';
  const remove = (how: 'remove' | 'block', id: string) => async () => {
    await client.lobby.membership[how]({ membership_id: id });
    await reload();
  };
  return (
    <section class="card">
      <h2>{text.game.members}</h2>
      {active.length === 0 && <p class="nothing">{text.none}</p>}
      <ul class="plain rows">
        {active.map(({ membership_id: id, race_name: name, user_id: user }) => (
          <li key={id}>
            <span>
              <bdi>{name}</bdi>
              {user === userId && ` (${text.you})`}
            </span>
            {isOwner && user !== userId && !isOver && (
              <span class="buttons">
                <Act asks label={text.game.remove} about={name} onAct={remove('remove', id)} />
                <Act asks label={text.game.block} about={name} onAct={remove('block', id)} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
