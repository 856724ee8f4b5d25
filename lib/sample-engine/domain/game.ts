// The rules of the sample game. Every race begins on one planet; half of them, by lot, are settlers, the others hermits.
// In each turn, one race after the other in an order that the dice decide, a race grows, builds ships, and, if it
// settles, sends a ship to a free planet. Nobody gives orders: what happens follows from the game's id and its players.
// So after its first turn a settler has more planets and more people than at the beginning, and a hermit never has.
import type { GameSetup, GameState } from '../../engine/api.ts';
import { dice, shuffled } from './dice.ts';

export const natures = ['settler', 'hermit'] as const;

export type Race = {
  readonly userId: string;
  readonly raceName: string;
  readonly nature: (typeof natures)[number];
  readonly planets: number;
  readonly population: number;
  /** Those that have not settled on a planet. */
  readonly ships: number;
  readonly shipsBuilt: number;
};

export type Game = {
  readonly gameId: string;
  /** The last one that was played. */
  readonly turn: number;
  /** How many there are. */
  readonly turns: number;
  readonly freePlanets: number;
  /** By user id. */
  readonly races: readonly Race[];
};

const firstPopulation = 1_000;
const populationPerPlanet = 2_000;
const populationPerShip = 1_000;
const freePlanetsPerRace = 3;

export function newGame(setup: GameSetup, turns: number): Game {
  const players = setup.players.toSorted((a, b) => (a.user_id < b.user_id ? -1 : 1));
  const byLot = shuffled(players, dice(setup.game_id, 'natures'));
  const settlers = new Set(byLot.slice(0, Math.ceil(players.length / 2)));
  return {
    gameId: setup.game_id,
    turn: 0,
    turns,
    freePlanets: players.length * freePlanetsPerRace,
    races: players.map((player) => ({
      userId: player.user_id,
      raceName: player.race_name,
      nature: settlers.has(player) ? 'settler' : 'hermit',
      planets: 1,
      population: firstPopulation,
      ships: 0,
      shipsBuilt: 0,
    })),
  };
}

/** Whether this is the game that `setup` describes, in whatever order it names the players. */
export function isGameOf(game: Game, setup: GameSetup): boolean {
  const names = new Map(setup.players.map((player) => [player.user_id, player.race_name]));
  return (
    game.gameId === setup.game_id &&
    game.races.length === setup.players.length &&
    game.races.every(({ userId, raceName }) => names.get(userId) === raceName)
  );
}

export function isFinished({ turn, turns }: Game): boolean {
  return turn >= turns;
}

/** The game after its next turn; it must not be finished. */
export function playTurn(game: Game): Game {
  const turn = game.turn + 1;
  const roll = dice(game.gameId, 'turn', turn);
  const after = new Map<string, Race>();
  let { freePlanets } = game;
  for (const race of shuffled(game.races, roll)) {
    const grown = build(grow(race, roll(6)));
    const settles = race.nature === 'settler' && freePlanets > 0;
    if (settles) freePlanets -= 1;
    after.set(race.userId, settles ? settle(grown) : grown);
  }
  return { ...game, turn, freePlanets, races: game.races.map((race) => after.get(race.userId) ?? race) };
}

/** By 3 to 8 percent, as far as there is room. */
function grow(race: Race, luck: number): Race {
  const born = Math.ceil((race.population * (3 + luck)) / 100);
  return { ...race, population: Math.min(race.population + born, race.planets * populationPerPlanet) };
}

function build(race: Race): Race {
  const built = Math.floor(race.population / populationPerShip);
  return { ...race, ships: race.ships + built, shipsBuilt: race.shipsBuilt + built };
}

function settle(race: Race): Race {
  return { ...race, ships: race.ships - 1, planets: race.planets + 1 };
}

/** The game as the platform sees it. */
export function stateOf(game: Game): GameState {
  return {
    game_id: game.gameId,
    turn: game.turn,
    status: isFinished(game) ? 'finished' : 'running',
    players: game.races.map(({ userId, planets, population, shipsBuilt }) => ({
      user_id: userId,
      planets,
      population,
      ships_built: shipsBuilt,
    })),
  };
}
