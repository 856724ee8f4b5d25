// What the owner of a game can still change while it takes players: its name, its description, and a later deadline.
import { useState } from 'preact/hooks';
import type { Game } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { localTime } from '../local-time.ts';
import { Labelled, Trouble, useAct } from './basics.tsx';

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
        <Labelled id="game-name" label={text.create.name}>
          <input
            id="game-name"
            required
            minLength={3}
            maxLength={60}
            value={texts.game_name}
            onInput={({ currentTarget }) => setDraft({ ...draft, game_name: currentTarget.value })}
          />
        </Labelled>
        <Labelled id="game-description" label={text.create.description}>
          <textarea
            id="game-description"
            rows={3}
            maxLength={2_000}
            value={texts.description}
            onInput={({ currentTarget }) => setDraft({ ...draft, description: currentTarget.value })}
          />
        </Labelled>
        <Labelled id="game-ends" label={text.create.enrollmentEnds}>
          <input
            id="game-ends"
            type="datetime-local"
            required
            min={stored.endsAt}
            value={endsAt}
            onInput={({ currentTarget }) => setDraft({ ...draft, endsAt: currentTarget.value })}
          />
        </Labelled>
        {error !== undefined && (
          <div class="problem" role="alert">
            <Trouble error={error} />
          </div>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {text.save}
        </button>
      </form>
    </details>
  );
}
