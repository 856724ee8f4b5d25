// Games from their start to their end, through every process of the platform.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enginesIn, expectNoEngines } from '../support/engines/runtime-manager.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

let stack: TestStack;
let ada: TestClient;
let boris: TestClient;

beforeAll(async () => {
  stack = await startTestStack({});
  [ada, boris] = await Promise.all([stack.signIn('ada'), stack.signIn('boris')]);
});
afterAll(() => stack?.stop());

async function ok(client: TestClient, messageType: string, payload: object) {
  const { resultCode, payload: result } = await client.execute(messageType, payload);
  expect({ resultCode, result }).toMatchObject({ resultCode: 'ok' });
  return result as Record<string, unknown>;
}

/** Starts Ada's game, in which she has seat 1 and Boris seat 2. Turns are due long after the test. */
async function startGame(name: string): Promise<string> {
  const created = await ok(ada, 'lobby.game.create', {
    game_name: name,
    game_type: 'public',
    min_players: 2,
    max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_seconds: 3_600,
    target_engine_version: '1.0.0',
  });
  const game = { game_id: String(created.game_id) };
  await ok(ada, 'lobby.game.open_enrollment', game);
  await ok(ada, 'lobby.application.submit', { ...game, race_name: `${name} A` });
  const { application_id } = await ok(boris, 'lobby.application.submit', {
    ...game,
    race_name: `${name} B`,
  });
  await ok(ada, 'lobby.application.approve', { application_id });
  expect(await ok(ada, 'lobby.game.start', game)).toMatchObject({ status: 'starting' });
  return game.game_id;
}

const gameOf = (gameId: string) => ok(boris, 'lobby.game.get', { game_id: gameId });
const statusOf = async (gameId: string) => (await gameOf(gameId)).status;
const patience = { timeout: 40_000, interval: 100 };

/** Waits for a turn to be open. */
const untilOpen = (gameId: string, turn: number) =>
  expect
    .poll(async () => (await boris.execute('game.turn.get', { game_id: gameId })).payload, patience)
    .toMatchObject({ turn, status: 'open' });

/** Tries again while the engine is being started. @returns the turn that is open afterwards. */
async function move(player: TestClient, gameId: string, turn: number, column: number) {
  const order = { game_id: gameId, turn, orders: { column }, ready: true };
  return (await player.game.orders.submit(order)).turn_now;
}

describe('a game', () => {
  it('is started, continues after a restart of the platform, and ends with placements', async () => {
    const gameId = await startGame('Orion');
    await untilOpen(gameId, 1);
    expect(await move(ada, gameId, 1, 1)).toBe(2);
    expect(await move(boris, gameId, 2, 7)).toBe(3);
    const stored = { turn: 3, orders: { column: 1 }, ready: false };
    await ada.game.orders.submit({ game_id: gameId, ...stored });
    expect(await enginesIn(stack.runtimeFolder)).toHaveLength(1);
    await expect
      .poll(() => gameOf(gameId), patience)
      .toMatchObject({
        current_turn: 2,
        awaited_seats: [1],
        due_at: expect.any(String),
      });

    await stack.stopServices();
    expect(await enginesIn(stack.runtimeFolder)).toEqual([]);
    await stack.startServices();
    // What was acknowledged is still there, and no turn was played that was not due.
    await untilOpen(gameId, 3);
    expect(await ok(ada, 'game.orders.get', { game_id: gameId })).toMatchObject({
      state: 'draft',
      orders: { column: 1 },
    });
    for (const [turn, player, column] of [
      [3, ada, 1],
      [4, boris, 7],
      [5, ada, 1],
      [6, boris, 7],
    ] as const) {
      expect(await move(player, gameId, turn, column)).toBe(turn + 1);
    }
    expect(await move(ada, gameId, 7, 1)).toBeNull();

    await expect.poll(() => statusOf(gameId), patience).toBe('finished');
    expect(await gameOf(gameId)).toMatchObject({
      current_turn: 7,
      engine_health: 'ok',
      due_at: null,
      result: {
        kind: 'finished',
        placements: [
          { seat: 1, rank: 1, race_name: 'Orion A', user_id: ada.session.userId },
          { seat: 2, rank: 2, race_name: 'Orion B', user_id: boris.session.userId },
        ],
      },
    });
    // The stop job follows the end of the game; the final views stay.
    await expectNoEngines(stack.runtimeFolder);
    const { view } = await boris.game.view.get({ game_id: gameId });
    expect(view).toMatchObject({ outcome: { winner: 1, reason: 'line' } });
    // Both have more than at the beginning.
    const names = await Promise.all(
      [ada, boris].map((player) => ok(player, 'lobby.race_name.list_mine', {})),
    );
    const kinds = names.flatMap(({ items }) => (items as { kind: string }[]).map(({ kind }) => kind));
    expect(kinds).toEqual(['pending_registration', 'pending_registration']);
  });

  it('goes on in the same turn when its engine is killed', async () => {
    const gameId = await startGame('Vega');
    await untilOpen(gameId, 1);
    await move(ada, gameId, 1, 4);
    const [engine] = await enginesIn(stack.runtimeFolder);
    process.kill(engine?.pid ?? 0, 'SIGKILL');
    // Refused while the engine is away, and stored at last.
    const order = { game_id: gameId, turn: 2, orders: { column: 4 }, ready: true };
    await expect
      .poll(async () => (await boris.execute('game.orders.submit', order)).resultCode, patience)
      .toBe('ok');
    await untilOpen(gameId, 3);
    const { view } = await ada.game.view.get({ game_id: gameId });
    expect(view).toMatchObject({ board: [[], [], [], [1, 2], [], [], []] });
    await ok(ada, 'lobby.game.pause', { game_id: gameId });
    await ok(ada, 'lobby.game.cancel', { game_id: gameId });
    await expectNoEngines(stack.runtimeFolder);
  });

  it('takes no orders of a member who has left, and is cancelled when nobody is left', async () => {
    const gameId = await startGame('Lyra');
    await untilOpen(gameId, 1);
    await ok(ada, 'lobby.membership.leave', { game_id: gameId });
    const left = await ada.execute('game.orders.submit', { game_id: gameId, turn: 1, orders: { column: 1 } });
    expect(left.resultCode).toBe('forbidden');
    await ok(boris, 'lobby.membership.leave', { game_id: gameId });
    expect(await statusOf(gameId)).toBe('cancelled');
    await expectNoEngines(stack.runtimeFolder);
  });
});
