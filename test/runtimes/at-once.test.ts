// On workerd a connection belongs to the request that opened it. Requests at the same time, and later requests that
// reuse what earlier ones have opened, must not disturb each other.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, expect, test } from 'vitest';
import { startOn, urlOf } from './support/running.ts';
import { workerd } from './support/runtimes.ts';
import { setStage, tokens } from './support/stage.ts';

const cleanUp = new AsyncDisposableStack();
afterAll(() => cleanUp.disposeAsync());

test('workerd serves many requests at once, and again', async () => {
  const { ports, environments } = await setStage('WebSocket and REST', cleanUp);
  const running = await startOn(workerd, 'lobby', environments.lobby, ports);
  cleanUp.defer(() => running.stop());
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${tokens.public}`, 'x-user-id': uuidv7() };
    const response = await fetch(`${urlOf(ports.public)}/api/v1/lobby/${path}`, { headers });
    return [response.status, await response.json()];
  };
  for (let wave = 0; wave < 4; wave += 1) {
    const responses = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        index % 2 === 0 ? ask('games') : ask(`race-names/availability?name=Vegans${index}`),
      ),
    );
    expect(responses.map(([status]) => status)).toEqual(responses.map(() => 200));
    expect(responses[0]?.[1]).toEqual({ items: [] });
  }
  expect(running.lines().filter((line) => /error|warn/i.test(line))).toEqual([]);
});
