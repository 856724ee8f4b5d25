// A listener on a public address must not trust its callers: without its token it refuses everything.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Running, run, urlOf } from './support/running.ts';
import { lambda, workerd } from './support/runtimes.ts';
import { type Stage, setStage } from './support/stage.ts';

const cleanUp = new AsyncDisposableStack();
let stage: Stage;
let environment: Record<string, string>;
beforeAll(async () => {
  stage = await setStage('WebSocket and REST', cleanUp);
  const { LOBBY_INTERNAL_HTTP_CALLERS: _, ...rest } = stage.environments.lobby;
  environment = rest;
});
afterAll(() => cleanUp.disposeAsync());

const asked = { timeout: 60_000, interval: 50 };
const said = (running: Running) => running.lines().join('\n');

test('workerd responds 503 to everything, and its log names the variable', async () => {
  const [command] = workerd.commands('lobby', environment, stage.ports);
  const running = run(command);
  try {
    for (const port of [stage.ports.internal, stage.ports.public]) {
      for (const path of ['/healthz', '/api/v1/internal/lobby/games', '/api/v1/lobby/games']) {
        const response = await vi.waitFor(() => fetch(`${urlOf(port)}${path}`), asked);
        const { error } = (await response.json()) as { error: { code: string } };
        expect([path, response.status, error.code]).toEqual([path, 503, 'service_unavailable']);
      }
    }
    await vi.waitFor(() => expect(said(running)).toContain('LOBBY_INTERNAL_HTTP_CALLERS'), asked);
  } finally {
    await running.stop();
  }
});

test('a function of Lambda does not start, and its log names the variable', async () => {
  const [command] = lambda.commands('lobby', environment, stage.ports);
  const running = run(command);
  await vi.waitFor(() => expect(running.ended()).toContain('LOBBY_INTERNAL_HTTP_CALLERS'), asked);
});
