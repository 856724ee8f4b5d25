// Games from their start to their end, through every process of the platform.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GalaxyClient } from '../../lib/client/galaxy-client.ts';
import { enginesIn, expectNoEngines } from '../support/engines/runtime-manager.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

let stack: TestStack;
let ada: GalaxyClient;
let boris: GalaxyClient;

beforeAll(async () => {
  stack = await startTestStack({ GM_TURN_INTERVAL: '250ms', GALAXY_ENGINE_TURNS: '12' });
  [ada, boris] = await Promise.all([stack.signIn('ada'), stack.signIn('boris')]);
});
afterAll(() => stack?.stop());

async function ok(client: GalaxyClient, messageType: string, payload: object) {
  const { resultCode, payload: result } = await client.execute(messageType, payload);
  expect({ resultCode, result }).toMatchObject({ resultCode: 'ok' });
  return result as Record<string, unknown>;
}

/** Starts Ada's game, in which Boris plays. */
async function startGame(name: string): Promise<string> {
  const created = await ok(ada, 'lobby.game.create', {
    game_name: name,
    game_type: 'public',
    min_players: 2,
    max_players: 4,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_schedule: '0 18 * * *',
    time_zone: 'Europe/Berlin',
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
  await ok(ada, 'lobby.game.close_enrollment', game);
  expect(await ok(ada, 'lobby.game.start', game)).toMatchObject({ status: 'starting' });
  return game.game_id;
}

const gameOf = (gameId: string) => ok(boris, 'lobby.game.get', { game_id: gameId });
const statusOf = async (gameId: string) => (await gameOf(gameId)).status;
const turnOf = async (gameId: string) => Number((await gameOf(gameId)).current_turn);
const patience = { timeout: 40_000, interval: 100 };

describe('a game', () => {
  it('is started, continues after a restart of the platform, and ends', async () => {
    const gameId = await startGame('Orion');
    await expect.poll(() => turnOf(gameId), patience).toBeGreaterThanOrEqual(2);
    expect(await enginesIn(stack.runtimeFolder)).toHaveLength(1);

    await stack.stopServices();
    expect(await enginesIn(stack.runtimeFolder)).toEqual([]);
    await stack.startServices();
    expect(await turnOf(gameId)).toBeGreaterThanOrEqual(2);

    await expect.poll(() => statusOf(gameId), patience).toBe('finished');
    expect(await gameOf(gameId)).toMatchObject({ current_turn: 12, engine_health: 'ok' });
    // The stop job follows the end of the game.
    await expectNoEngines(stack.runtimeFolder);
    // One of the two races has grown.
    const names = await Promise.all(
      [ada, boris].map((player) => ok(player, 'lobby.race_name.list_mine', {})),
    );
    const kinds = names.flatMap(({ items }) => (items as { kind: string }[]).map(({ kind }) => kind));
    expect(kinds).toEqual(['pending_registration']);
  });

  it('loses its engine when it is cancelled', async () => {
    const gameId = await startGame('Lyra');
    await expect.poll(() => statusOf(gameId), patience).toBe('running');
    expect(await enginesIn(stack.runtimeFolder)).toHaveLength(1);
    await ok(ada, 'lobby.game.pause', { game_id: gameId });
    await ok(ada, 'lobby.game.cancel', { game_id: gameId });
    await expectNoEngines(stack.runtimeFolder);
  });
});
