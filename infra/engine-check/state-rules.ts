// What a state has to be, beyond its schema.
import { type EngineEvent, engineBounds, type GameState } from '../../lib/engine/api.ts';
import { type Saying, says } from './interface-says.ts';

export type Expected = {
  readonly gameId: string;
  /** Numbers of all seats of the game. */
  readonly seats: readonly number[];
  readonly turn: number;
  /** The state before it. */
  readonly earlier?: GameState | undefined;
};

/** What is wrong, as a sentence, and what the interface says of it. */
export type Problem = readonly [message: string, saying: Saying];

/** @returns undefined when nothing is wrong. */
export function problemOfState(state: GameState, expected: Expected): Problem | undefined {
  const { game_id, turn, status, awaiting, alive, result } = state;
  if (game_id !== expected.gameId) return ['/game_id is of another game.', says.state];
  if (turn !== expected.turn) return [`/turn is ${turn}, and should be ${expected.turn}.`, says.turn];
  const known = new Set(expected.seats);
  const stranger = problemOfSeats('/awaiting', awaiting, known) ?? problemOfSeats('/alive', alive, known);
  if (stranger !== undefined) return stranger;
  if (status === 'running') {
    if (awaiting.length === 0) return ['/awaiting is empty while the game runs.', says.awaiting];
    if (result !== undefined) return ['There is a result while the game runs.', says.result];
  } else if (awaiting.length > 0)
    return ['/awaiting names seats of a game that has finished.', says.awaiting];
  return problemOfStats(state, expected, known) ?? problemOfPlacements(state, known);
}

function problemOfStats(
  { stats }: GameState,
  { earlier }: Expected,
  known: ReadonlySet<number>,
): Problem | undefined {
  if (!namesEach(known, stats)) return ['/stats does not name every seat of the game once.', says.stats];
  for (const { seat, ships_built: now } of stats) {
    const before = earlier?.stats.find((one) => one.seat === seat)?.ships_built ?? 0;
    if (now < before) {
      return [`ships_built of seat ${seat} fell from ${before} to ${now}.`, says.shipsBuilt];
    }
  }
  return undefined;
}

function problemOfPlacements({ result }: GameState, known: ReadonlySet<number>): Problem | undefined {
  if (result === undefined) return undefined;
  if (!namesEach(known, result.placements)) {
    return ['/result/placements does not name every seat of the game once.', says.placements];
  }
  const best = Math.min(...result.placements.map(({ rank }) => rank));
  return best === 1 ? undefined : [`The best rank is ${best}, and should be 1.`, says.placements];
}

/** @returns what is wrong with the events of a turn. */
export function problemOfEvents(
  events: readonly EngineEvent[],
  seats: readonly number[],
): Problem | undefined {
  const known = new Set(seats);
  const counts = new Map<number, number>();
  for (const [index, { to, payload }] of events.entries()) {
    const problem = problemOfSeats(`/events/${index}/to`, to, known, says.eventTo);
    if (problem !== undefined) return problem;
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    if (bytes > engineBounds.eventPayloadBytes) {
      return [`The payload of /events/${index} has ${bytes} bytes.`, says.events];
    }
    for (const seat of to) counts.set(seat, (counts.get(seat) ?? 0) + 1);
  }
  const [seat, count] = [...counts].find(([, count]) => count > engineBounds.eventsPerSeat) ?? [];
  return seat === undefined ? undefined : [`Seat ${seat} gets ${count} events in one turn.`, says.events];
}

function problemOfSeats(
  path: string,
  named: readonly number[],
  known: ReadonlySet<number>,
  saying: Saying = says.seats,
): Problem | undefined {
  const stranger = named.find((seat) => !known.has(seat));
  if (stranger !== undefined)
    return [`${path} names seat ${stranger}, which the game does not have.`, saying];
  const twice = named.find((seat, index) => named.indexOf(seat) < index);
  return twice === undefined ? undefined : [`${path} names seat ${twice} twice.`, saying];
}

function namesEach(seats: ReadonlySet<number>, rows: readonly { seat: number }[]): boolean {
  const named = new Set(rows.map(({ seat }) => seat));
  return rows.length === seats.size && [...named].filter((seat) => seats.has(seat)).length === seats.size;
}
