import { Refusal } from '../errors/table.ts';

/** The same for a game that does not exist and for one that the caller may not see. */
export function noSuchGame(): Refusal {
  return new Refusal('not_found', 'There is no such game, or it is not for you to see.');
}

/** @param status what the lobby says of the game. */
export function gameNotRunning(status: string): Refusal {
  const messages: Readonly<Record<string, string>> = {
    running: 'The game is being set up. Its first turn opens in a moment.',
    starting: 'The game is being set up. Its first turn opens in a moment.',
    paused: 'The game is paused. Its turn takes orders again once it is resumed.',
    finished: 'The game has finished.',
    cancelled: 'The game was cancelled.',
  };
  return new Refusal('game_not_running', messages[status] ?? 'The game has not been started.', { status });
}

export function noSeat(): Refusal {
  return new Refusal('forbidden', 'You hold no seat in this game.');
}

/** @param game its turn, as it is now. @param closed whether that takes no more orders. */
export function turnClosed(
  game: { readonly turn: number; readonly dueAt: Date | null },
  asked: number,
  closed: boolean,
): Refusal {
  const { turn, dueAt } = game;
  const message =
    asked === turn
      ? `Turn ${turn} takes no more orders; it is being played.`
      : `Turn ${asked} takes no orders. Read the game's turn again: it is at turn ${turn}.`;
  return new Refusal('turn_closed', message, {
    turn,
    due_at: dueAt?.toISOString() ?? null,
    phase: closed ? 'closed' : 'open',
  });
}

export function engineUnavailable(): Refusal {
  return new Refusal(
    'engine_unavailable',
    'The engine of this game does not respond as it should. Nothing was changed; please try again shortly.',
  );
}
