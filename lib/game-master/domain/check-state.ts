// Holds what an engine says of its game against what is known of the game.
import { type EngineEvent, engineBounds, type GameState } from '../../engine/api.ts';
import { EngineTrouble } from './engine-trouble.ts';

export type KnownGame = {
  readonly gameId: string;
  /** Numbers of all its seats. */
  readonly seats: readonly number[];
  /** The last turn that is known to have been played. */
  readonly playedTurn: number;
};

/** @throws EngineTrouble */
export function checkState(state: GameState, { gameId, seats, playedTurn }: KnownGame): void {
  if (state.game_id.toLowerCase() !== gameId) throw faulty('plays another game');
  if (state.turn < playedTurn) {
    throw new EngineTrouble(
      'state_lost',
      `the engine is at turn ${state.turn}, but turn ${playedTurn} has been played`,
    );
  }
  const known = new Set(seats);
  const { awaiting, alive, stats, result } = state;
  requireSeats('awaiting', awaiting, known);
  requireSeats('alive', alive, known);
  requireEverySeat('stats', stats, known);
  if (result !== undefined) requireEverySeat('result.placements', result.placements, known);
  if (state.status === 'running' && awaiting.length === 0) throw faulty('waits for nobody, and goes on');
  if (state.status === 'finished' && awaiting.length > 0) throw faulty('has finished, and waits for seats');
}

/** For an engine whose game goes on, and that was asked for no turn. @throws EngineTrouble */
export function checkUnplayed(state: GameState, game: KnownGame): void {
  checkState(state, game);
  if (state.turn !== game.playedTurn) {
    throw faulty(`is at turn ${state.turn}, but turn ${game.playedTurn} was played last`);
  }
  if (state.status === 'finished') throw faulty('has finished without playing a turn');
}

/** @param turn that the engine was asked to play. @throws EngineTrouble */
export function checkPlayedTurn(
  state: GameState & { readonly events: readonly EngineEvent[] },
  game: KnownGame,
  turn: number,
): void {
  checkState(state, { ...game, playedTurn: turn });
  if (state.turn !== turn) throw faulty(`was asked for turn ${turn} and is at turn ${state.turn}`);
  const known = new Set(game.seats);
  const counts = new Map<number, number>();
  for (const { to, payload } of state.events) {
    requireSeats('events[].to', to, known);
    for (const seat of to) counts.set(seat, (counts.get(seat) ?? 0) + 1);
    if (new TextEncoder().encode(JSON.stringify(payload)).length > engineBounds.eventPayloadBytes) {
      throw faulty('has a payload that is too large in events[].payload');
    }
  }
  if (Math.max(0, ...counts.values()) > engineBounds.eventsPerSeat) {
    throw faulty('has too many events for one seat in events[].to');
  }
}

/** @param where the field of the response, for operators. */
function requireSeats(where: string, named: readonly number[], known: ReadonlySet<number>): void {
  if (new Set(named).size !== named.length) throw faulty(`names a seat twice in ${where}`);
  if (!named.every((seat) => known.has(seat)))
    throw faulty(`names a seat that is not of the game in ${where}`);
}

const missingShown = 10;

/** A seat that is left out would lose its place, or its right to the race name. */
function requireEverySeat(
  where: string,
  rows: readonly { readonly seat: number }[],
  known: ReadonlySet<number>,
): void {
  const named = new Set(rows.map(({ seat }) => seat));
  requireSeats(
    where,
    rows.map(({ seat }) => seat),
    known,
  );
  const missing = [...known].filter((seat) => !named.has(seat));
  if (missing.length === 0) return;
  const more = missing.length > missingShown ? ` and ${missing.length - missingShown} more` : '';
  throw faulty(`leaves out seat ${missing.slice(0, missingShown).join(', ')}${more} in ${where}`);
}

function faulty(what: string): EngineTrouble {
  return new EngineTrouble('faulty', `the engine ${what}`);
}
