// What the player has seen after earlier turns. The platform keeps these views while the game runs.
import { useState } from 'preact/hooks';
import type { Turn, View } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { useLoad } from '../use-load.ts';
import { Problem } from './basics.tsx';

export type EarlierTurns = {
  /** After which turn; undefined for the last one. */
  readonly turn: number | undefined;
  /** undefined until it has come. */
  readonly view: View | undefined;
  readonly error: unknown;
  readonly show: (turn: number | undefined) => void;
};

export function useEarlierTurns({ game_id: gameId, status, your_seat: seat }: Turn): EarlierTurns {
  const { client } = usePlayer();
  const [chosen, show] = useState<number>();
  const isOver = status === 'finished' || status === 'cancelled';
  const turn = isOver ? undefined : chosen;
  const { value, error } = useLoad(`view ${gameId} ${turn}`, async () => {
    if (turn === undefined) return undefined;
    return client.game.view.get({ game_id: gameId, turn, ...(seat === null && { as: 'spectator' }) });
  });
  return { turn, view: value, error, show };
}

/** @param last the last turn that was played. */
export function EarlierTurnsBar({ earlier, last }: { earlier: EarlierTurns; last: number }) {
  const { text } = useWords();
  const { turn, error, show } = earlier;
  if (last === 0) return null;
  if (turn === undefined) {
    return (
      <button type="button" class="quiet" onClick={() => show(last - 1)}>
        {text.game.earlierTurns}
      </button>
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: these are no fields
    <div class="buttons" role="group" aria-label={text.game.earlierTurns}>
      <button
        type="button"
        aria-label={text.game.earlierTurn}
        aria-disabled={turn === 0}
        onClick={() => turn > 0 && show(turn - 1)}
      >
        ←
      </button>
      <span role="status">{turn === 0 ? text.game.beginning : text.game.afterTurn(turn)}</span>
      <button
        type="button"
        aria-label={text.game.laterTurn}
        onClick={() => show(turn + 1 < last ? turn + 1 : undefined)}
      >
        →
      </button>
      <button type="button" class="quiet" onClick={() => show(undefined)}>
        {text.game.toNow}
      </button>
      <Problem error={error} />
    </div>
  );
}
