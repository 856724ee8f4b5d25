import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GameSetup } from '../../../lib/engine/api.ts';
import { isFinished, isGameOf, newGame, playTurn, stateOf } from '../../../lib/sample-engine/domain/game.ts';

const setup: GameSetup = {
  game_id: '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a11',
  players: [
    { user_id: '0198c5a0-1111-7c50-8f0e-3f0f5d1f9a11', race_name: 'Zerg' },
    { user_id: '0198c5a0-2222-7c50-8f0e-3f0f5d1f9a11', race_name: 'Protoss' },
    { user_id: '0198c5a0-3333-7c50-8f0e-3f0f5d1f9a11', race_name: 'Terran' },
  ],
};

const setups = fc.record({
  game_id: fc.uuid(),
  players: fc.uniqueArray(fc.record({ user_id: fc.uuid(), race_name: fc.string({ minLength: 1 }) }), {
    minLength: 1,
    maxLength: 40,
    selector: ({ user_id }) => user_id,
  }),
});

function played(game: GameSetup, turns: number) {
  const courses = [newGame(game, turns)];
  for (let last = courses[0]; last !== undefined && !isFinished(last); last = courses.at(-1)) {
    courses.push(playTurn(last));
  }
  return courses;
}

const outcome = (course: ReturnType<typeof played>, userId: string) => {
  const races = course.flatMap(({ races }) => races.filter((race) => race.userId === userId));
  const [first] = races;
  const grew = (what: 'planets' | 'population') => races.some((race) => race[what] > (first?.[what] ?? 0));
  return grew('planets') && grew('population');
};

describe('the sample game', () => {
  test('begins with one planet and the same population for every race, at turn 0', () => {
    expect(stateOf(newGame(setup, 10))).toEqual({
      game_id: setup.game_id,
      turn: 0,
      status: 'running',
      players: setup.players.map(({ user_id }) => ({
        user_id,
        planets: 1,
        population: 1_000,
        ships_built: 0,
      })),
    });
  });

  test('has the same course on every machine', () => {
    expect(
      played(setup, 5)
        .at(-1)
        ?.races.map(({ planets, population }) => [planets, population]),
    ).toEqual([
      [5, 1_327],
      [1, 1_327],
      [6, 1_391],
    ]);
  });

  test('has a different course for another game', () => {
    const other = { ...setup, game_id: '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a12' };
    const ends = [setup, other].map((game) => played(game, 10).at(-1)?.races);
    expect(ends[0]).not.toEqual(ends[1]);
  });

  test('does not depend on the order of its players', () => {
    fc.assert(
      fc.property(setups, (game) => {
        const reversed = { ...game, players: game.players.toReversed() };
        expect(played(reversed, 4)).toEqual(played(game, 4));
        expect(isGameOf(newGame(game, 4), reversed)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('is finished after its last turn and not before', () => {
    expect(played(setup, 3).map((game) => [game.turn, stateOf(game).status])).toEqual([
      [0, 'running'],
      [1, 'running'],
      [2, 'running'],
      [3, 'finished'],
    ]);
  });

  test('lets half of the races grow in planets and population from the first turn on, the others never', () => {
    fc.assert(
      fc.property(setups, fc.integer({ min: 1, max: 20 }), (game, turns) => {
        const course = played(game, turns);
        const grown = game.players.filter(({ user_id }) => outcome(course, user_id));
        expect(grown).toHaveLength(Math.ceil(game.players.length / 2));
      }),
      { numRuns: 100 },
    );
  });

  test('neither creates nor loses planets, overcrowds none, and never reduces the number of ships', () => {
    fc.assert(
      fc.property(setups, (game) => {
        const course = played(game, 12);
        for (const [index, { freePlanets, races }] of course.entries()) {
          const taken = races.reduce((sum, { planets }) => sum + planets, 0);
          expect(taken + freePlanets).toBe(game.players.length * 4);
          expect(freePlanets).toBeGreaterThanOrEqual(0);
          for (const [number, race] of races.entries()) {
            const before = course[index - 1]?.races[number] ?? race;
            expect(race.population).toBeLessThanOrEqual(race.planets * 2_000);
            expect(race.population).toBeGreaterThanOrEqual(before.population);
            expect(race.planets).toBeGreaterThanOrEqual(before.planets);
            expect(race.shipsBuilt).toBeGreaterThanOrEqual(before.shipsBuilt);
            expect(race.ships).toBeGreaterThanOrEqual(0);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a set-up', () => {
  const [first, second, third] = setup.players;
  test.each([
    ['another game', { ...setup, game_id: '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a12' }],
    ['one player fewer', { ...setup, players: setup.players.slice(1) }],
    ['another name', { ...setup, players: [{ ...first, race_name: 'Xel' }, second, third] }],
    ['another player', { ...setup, players: [{ ...first, user_id: setup.game_id }, second, third] }],
  ])('with %s is not that of this game', (_, other) => {
    expect(isGameOf(newGame(setup, 10), other as GameSetup)).toBe(false);
  });
});
