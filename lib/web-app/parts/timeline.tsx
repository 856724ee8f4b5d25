// What has become of a game, for its owner.
import { useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { timeWords } from '../time-words.ts';
import { about, useLoad } from '../use-load.ts';
import { Async } from './basics.tsx';

export function Timeline({ gameId }: { gameId: string }) {
  const { text } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <details class="card" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{text.game.history}</summary>
      {open && <Entries gameId={gameId} />}
    </details>
  );
}

function Entries({ gameId }: { gameId: string }) {
  const { client } = usePlayer();
  const { language, text } = useWords();
  const entries = useLoad(
    `timeline ${gameId}`,
    () => client.lobby.game.timeline({ game_id: gameId, page_size: 200 }),
    about(gameId),
  );
  return (
    <Async of={entries}>
      {({ items }) => (
        <ol class="plain rows">
          {items.map(({ entry_id: id, at, from, to, reason }) => (
            <li key={id}>
              <span>
                {text.status[from]} → {text.status[to]}
                {reason !== null && (
                  <>
                    : <bdi>{reason}</bdi>
                  </>
                )}
              </span>
              <time dateTime={at}>{timeWords(at, language)}</time>
            </li>
          ))}
        </ol>
      )}
    </Async>
  );
}
