// A link with an invitation code.
import { useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { Problem, useAct } from '../parts/basics.tsx';
import { RaceNameField } from '../parts/race-name-field.tsx';
import { goTo } from '../router.ts';

export function InvitePage({ code }: { code: string }) {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [name, setName] = useState('');
  const redeem = async () => {
    const membership = await client.lobby.invite.redeemCode({ code, race_name: name.trim() });
    goTo({ page: 'game', gameId: membership.game_id });
  };
  return (
    <main class="narrow">
      <h1>{text.game.apply}</h1>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          act(redeem);
        }}
      >
        <RaceNameField value={name} onChange={setName} />
        <Problem error={error} />
        <button type="submit" class="primary" disabled={busy}>
          {text.game.accept}
        </button>
      </form>
    </main>
  );
}
