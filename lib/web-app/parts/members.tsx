// Who plays in a game. Until it starts its owner can remove players, also for good, and let those come again.
import { usePlayer, useWords } from '../context.ts';
import type { GameState } from '../game-state.ts';
import { about, useLoad } from '../use-load.ts';
import { Act, Async } from './basics.tsx';

type Props = { state: GameState; isOwner: boolean; reload: () => Promise<void> };

const beforeTheStart: readonly string[] = ['draft', 'enrollment_open', 'ready_to_start', 'start_failed'];

export function Members({ state, isOwner, reload }: Props) {
  const { client, userId } = usePlayer();
  const { text } = useWords();
  const active = state.members.filter(({ status }) => status === 'active');
  const mayChange = isOwner && beforeTheStart.includes(state.game.status);
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
            {mayChange && user !== userId && (
              <span class="buttons">
                <Act asks label={text.game.remove} about={name} onAct={remove('remove', id)} />
                <Act asks label={text.game.block} about={name} onAct={remove('block', id)} />
              </span>
            )}
          </li>
        ))}
      </ul>
      {mayChange && <Blocked gameId={state.game.game_id} />}
    </section>
  );
}

function Blocked({ gameId }: { gameId: string }) {
  const { client } = usePlayer();
  const { text } = useWords();
  const blocked = useLoad(
    `blocked ${gameId}`,
    () => client.lobby.membership.list({ game_id: gameId, status: 'blocked', page_size: 200 }),
    about(gameId),
  );
  return (
    <Async of={blocked}>
      {({ items }) =>
        items.length > 0 && (
          <>
            <h3>{text.game.blocked}</h3>
            <ul class="plain rows">
              {items.map(({ membership_id: id, race_name: name }) => (
                <li key={id}>
                  <bdi>{name}</bdi>
                  <Act
                    label={text.game.unblock}
                    about={name}
                    onAct={async () => {
                      await client.lobby.membership.unblock({ membership_id: id });
                      await blocked.reload();
                    }}
                  />
                </li>
              ))}
            </ul>
          </>
        )
      }
    </Async>
  );
}
