// What the owner of a game can still change while it takes players: its name, its description, and a later deadline.
import { useState } from 'preact/hooks';
import type { Game } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { localTime } from '../local-time.ts';
import { Problem, useAct } from './basics.tsx';
import { DeadlineField, DescriptionField, GameNameField } from './fields.tsx';

export function GameEdit({ game, reload }: { game: Game; reload: () => Promise<void> }) {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const stored = {
    game_name: game.game_name,
    description: game.description,
    endsAt: localTime(Date.parse(game.enrollment_ends_at)),
  };
  const [draft, setDraft] = useState<Partial<typeof stored>>({});
  const { endsAt, ...texts } = { ...stored, ...draft };
  const save = async () => {
    const changed = {
      ...texts,
      game_id: game.game_id,
      ...(endsAt !== stored.endsAt && { enrollment_ends_at: new Date(endsAt).toISOString() }),
    };
    await client.lobby.game.update(changed, { ifMatch: String(game.revision) });
    setDraft({});
    await reload();
  };
  return (
    <details class="card">
      <summary>{text.game.edit}</summary>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          act(save);
        }}
      >
        <GameNameField
          id="game-name"
          value={texts.game_name}
          onChange={(game_name) => setDraft({ ...draft, game_name })}
        />
        <DescriptionField
          id="game-description"
          value={texts.description}
          onChange={(description) => setDraft({ ...draft, description })}
        />
        <DeadlineField
          id="game-ends"
          min={stored.endsAt}
          value={endsAt}
          onChange={(time) => setDraft({ ...draft, endsAt: time })}
        />
        <Problem error={error} />
        <button type="submit" class="primary" disabled={busy}>
          {text.save}
        </button>
      </form>
    </details>
  );
}
