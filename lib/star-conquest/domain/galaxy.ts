// What there is in the galaxy. All numbers are whole.

export type Focus = 'ships' | 'growth';

export type Planet = {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly capacity: number;
  /** A seat; null while the planet is neutral. */
  readonly owner: number | null;
  readonly population: number;
  readonly focus: Focus;
  /** In orbit. */
  readonly ships: number;
};

/** Ships on their way between two planets. */
export type Fleet = {
  readonly owner: number;
  readonly from: number;
  readonly to: number;
  readonly ships: number;
  /** The turns in which it set out, and in which it is there. */
  readonly launched: number;
  readonly arrives: number;
};

/** What a seat saw of a planet after this turn. */
export type Sighting = {
  readonly turn: number;
  readonly owner: number | null;
  readonly population: number;
  readonly ships: number;
};

export type Player = {
  readonly seat: number;
  readonly label: string;
  readonly shipsBuilt: number;
  /** The last sighting of each planet that the seat has ever seen, by the planet's id. */
  readonly known: Readonly<Record<number, Sighting>>;
};

export type EndReason = 'last_seat' | 'domination' | 'turn_limit';

/** The state of a game. Players are in the order of seats, planets in that of ids. */
export type Galaxy = {
  /** The last turn that was played. */
  readonly turn: number;
  /** The game ends with this turn at the latest. */
  readonly turns: number;
  readonly players: readonly Player[];
  readonly planets: readonly Planet[];
  readonly fleets: readonly Fleet[];
  /** Who holds most of all population, and for how many turns in a row. */
  readonly dominance: { readonly seat: number; readonly turns: number } | null;
  readonly ended: EndReason | null;
};

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Whether the seat has a planet or a fleet; without either it is out of the game. */
export function isAlive({ planets, fleets }: Pick<Galaxy, 'planets' | 'fleets'>, seat: number): boolean {
  return planets.some(({ owner }) => owner === seat) || fleets.some(({ owner }) => owner === seat);
}

export function planetWith(planets: readonly Planet[], id: number): Planet {
  const planet = planets.find((one) => one.id === id);
  if (planet === undefined) throw new RangeError(`there is no planet ${id}`);
  return planet;
}
