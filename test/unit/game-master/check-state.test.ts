import { describe, expect, test } from 'vitest';
import type { EngineEvent, GameState } from '../../../lib/engine/api.ts';
import { checkPlayedTurn, checkState, checkUnplayed } from '../../../lib/game-master/domain/check-state.ts';
import { EngineTrouble } from '../../../lib/game-master/domain/engine-trouble.ts';

const gameId = '01a22adf-0000-7000-8000-00000000000a';
const game = { gameId, seats: [1, 2, 3], playedTurn: 4 };
const placements = [1, 2, 3].map((seat) => ({ seat, rank: seat }));
const result = { kind: 'finished' as const, placements };

const stats = (seat: number) => ({ seat, planets: 1, population: 1, ships_built: 0 });
const state = (changes: Partial<GameState> = {}): GameState => ({
  game_id: gameId,
  turn: 4,
  status: 'running',
  awaiting: [1, 2],
  alive: [1, 2, 3],
  stats: [3, 1, 2].map(stats),
  ...changes,
});
const finished: Partial<GameState> = { status: 'finished', awaiting: [], result };

/** The trouble that a check finds, or `none`. */
function trouble(check: () => void): string {
  try {
    check();
    return 'none';
  } catch (error) {
    if (!(error instanceof EngineTrouble)) throw error;
    return `${error.health}: ${error.message}`;
  }
}

describe('A state of an engine makes sense', () => {
  test.each<[string, Partial<GameState>]>([
    ['while the game goes on', {}],
    ['when it is ahead of what is known', { turn: 9 }],
    ['when the game has finished', finished],
    ['in whatever letters the id of the game is written', { game_id: gameId.toUpperCase() }],
  ])('%s', (_, changes) => {
    expect(trouble(() => checkState(state(changes), game))).toBe('none');
  });
});

describe('A state of an engine makes no sense', () => {
  const twice = (where: string) => `faulty: the engine names a seat twice in ${where}`;
  const unknown = (where: string) => `faulty: the engine names a seat that is not of the game in ${where}`;
  test.each<[string, Partial<GameState>, string]>([
    [
      'of another game',
      { game_id: '01a22adf-0000-7000-8000-00000000000b' },
      'faulty: the engine plays another game',
    ],
    [
      'of an earlier turn than was played',
      { turn: 3 },
      'state_lost: the engine is at turn 3, but turn 4 has been played',
    ],
    ['that awaits a seat of no game', { awaiting: [1, 4] }, unknown('awaiting')],
    ['that awaits a seat twice', { awaiting: [1, 1] }, twice('awaiting')],
    ['in which a seat of no game is alive', { alive: [0] }, unknown('alive')],
    ['in which a seat is alive twice', { alive: [2, 2] }, twice('alive')],
    ['with statistics of a seat of no game', { stats: [stats(4)] }, unknown('stats')],
    ['with statistics of a seat twice', { stats: [stats(1), stats(1)] }, twice('stats')],
    [
      'with a placement of a seat of no game',
      { ...finished, result: { kind: 'draw', placements: [...placements, { seat: 4, rank: 1 }] } },
      unknown('result.placements'),
    ],
    [
      'without statistics of a seat',
      { stats: [stats(1), stats(3)] },
      'faulty: the engine leaves out seat 2 in stats',
    ],
    ['without any statistics', { stats: [] }, 'faulty: the engine leaves out seat 1, 2, 3 in stats'],
    [
      'with a result that leaves seats out',
      { ...finished, result: { kind: 'void', placements: placements.slice(2) } },
      'faulty: the engine leaves out seat 1, 2 in result.placements',
    ],
    ['that waits for nobody', { awaiting: [] }, 'faulty: the engine waits for nobody, and goes on'],
    [
      'that waits although the game has finished',
      { ...finished, awaiting: [1] },
      'faulty: the engine has finished, and waits for seats',
    ],
  ])('%s', (_, changes, expected) => {
    expect(trouble(() => checkState(state(changes), game))).toBe(expected);
  });
});

test('An engine that was asked for no turn is where it was, and its game goes on', () => {
  const check = (changes: Partial<GameState>) => trouble(() => checkUnplayed(state(changes), game));
  expect(check({ awaiting: [3] })).toBe('none');
  expect(check({ turn: 5 })).toBe('faulty: the engine is at turn 5, but turn 4 was played last');
  expect(check({ turn: 3 })).toMatch(/^state_lost: /);
  expect(check(finished)).toBe('faulty: the engine has finished without playing a turn');
  expect(check({ awaiting: [4] })).toMatch(/^faulty: /);
});

test('Of many seats that are left out the first ten are named', () => {
  const seats = Array.from({ length: 12 }, (_, index) => index + 1);
  expect(trouble(() => checkState(state({ stats: [] }), { ...game, seats }))).toBe(
    'faulty: the engine leaves out seat 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more in stats',
  );
});

describe('The response to turn 5', () => {
  const check = (changes: Partial<GameState>, events: EngineEvent[] = []) =>
    trouble(() => checkPlayedTurn({ ...state({ turn: 5, ...changes }), events }, game, 5));
  const event = (to: number[], payload: Record<string, unknown> = {}): EngineEvent => ({
    to,
    type: 'news',
    payload,
  });

  test('is of turn 5', () => {
    expect(check({})).toBe('none');
    expect(check(finished)).toBe('none');
    expect(check({ turn: 4 })).toBe('state_lost: the engine is at turn 4, but turn 5 has been played');
    expect(check({ turn: 6 })).toBe('faulty: the engine was asked for turn 5 and is at turn 6');
  });

  test('has a state that makes sense', () => {
    expect(check({ awaiting: [] })).toMatch(/^faulty: /);
  });

  test('has events for seats of the game, each once', () => {
    expect(check({}, [event([1, 3]), event([1])])).toBe('none');
    expect(check({}, [event([4])])).toBe(
      'faulty: the engine names a seat that is not of the game in events[].to',
    );
    expect(check({}, [event([2, 2])])).toBe('faulty: the engine names a seat twice in events[].to');
  });

  test('has at most 20 events for a seat, whatever the others have', () => {
    const forBoth = Array.from({ length: 10 }, () => event([1, 2]));
    const forFirst = Array.from({ length: 10 }, () => event([1]));
    const forThird = Array.from({ length: 20 }, () => event([3]));
    expect(check({}, [...forBoth, ...forFirst, ...forThird])).toBe('none');
    expect(check({}, [...forBoth, ...forFirst, event([1])])).toBe(
      'faulty: the engine has too many events for one seat in events[].to',
    );
  });

  test('has payloads of at most 4 KiB of JSON in UTF-8', () => {
    const frame = JSON.stringify({ text: '' }).length;
    expect(check({}, [event([1], { text: 'x'.repeat(4_096 - frame) })])).toBe('none');
    const tooLarge = 'faulty: the engine has a payload that is too large in events[].payload';
    expect(check({}, [event([1], { text: 'x'.repeat(4_097 - frame) })])).toBe(tooLarge);
    expect(check({}, [event([1], { text: 'ü'.repeat(2_048) })])).toBe(tooLarge);
  });
});
