// A long-lived process that is stopped finishes what it has begun, on every runtime.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { json, startUpstreamServer, type UpstreamServer } from '../support/gateway/fake-upstream.ts';
import { startOn, urlOf } from './support/running.ts';
import { bun, deno, node } from './support/runtimes.ts';
import { type Stage, setStage, tokens } from './support/stage.ts';

const cleanUp = new AsyncDisposableStack();
let stage: Stage;
let users: UpstreamServer;
beforeAll(async () => {
  stage = await setStage('TCP', cleanUp);
  users = await startUpstreamServer(json(500, {}));
  cleanUp.defer(() => users.close());
});
afterAll(() => cleanUp.disposeAsync());

const game = {
  game_type: 'public',
  game_name: 'Andromeda',
  min_players: 2,
  max_players: 2,
  enrollment_ends_at: '2999-01-01T00:00:00Z',
  turn_schedule: '0 18 * * *',
  target_engine_version: '1.0.0',
};

const mayEverything = (userId: string) => ({
  user_id: userId,
  exists: true,
  permanent_block: false,
  can_create_public_game: true,
  can_create_private_game: true,
  can_join_game: true,
  max_owned_games: 10,
  max_active_memberships: 10,
  max_registered_race_names: 10,
});

test.each([node, bun, deno])(
  '$name finishes a running request after SIGTERM, and accepts no other',
  async (runtime) => {
    const { ports, environments } = stage;
    const environment = {
      ...environments.lobby,
      LOBBY_USER_SERVICE_BASE_URL: users.url,
      LOBBY_USER_SERVICE_TIMEOUT: '30s',
    };
    const running = await startOn(runtime, 'lobby', environment, ports);
    const userId = uuidv7();
    const asked = Promise.withResolvers<() => void>();
    users.answer = (request, response) =>
      asked.resolve(() => json(200, mayEverything(userId))(request, response));
    const responding = fetch(`${urlOf(ports.public)}/api/v1/lobby/games`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens.public}`,
        'x-user-id': userId,
        'content-type': 'application/json',
      },
      body: JSON.stringify(game),
    });
    const letUsersRespond = await asked.promise;

    const stopped = running.stop();
    await vi.waitFor(() => expect(running.lines().join('\n')).toContain('draining'), { timeout: 10_000 });
    await vi.waitFor(() => expect(fetch(`${urlOf(ports.public)}/healthz`)).rejects.toThrow(), {
      timeout: 10_000,
    });
    letUsersRespond();

    const response = await responding;
    expect([response.status, await response.json()]).toMatchObject([201, { game_name: 'Andromeda' }]);
    await stopped;
    expect(running.lines().at(-1)).toContain('"drained":true');
  },
);
