// Weeks of the lobby in seconds: what people, the Runtime Manager, the Game Master and time do is decided by a seed, and
// so is where processes die. A failure prints the seed; GALAXY_SIMULATION_SEED plays it again.
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import type { Redis } from '../../../lib/redis/client.ts';
import { LobbySimulation } from '../../support/lobby/simulation.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { openDatabase } from '../../support/stores/redis-databases.ts';

const { GALAXY_SIMULATION_SEED: given = '', GALAXY_SIMULATION_STEPS: length = '400' } = process.env;
const seed = given === '' ? Date.now() % 2 ** 32 : Number(given);
const steps = Number(length);

let server: TestRedis;
let redis: Redis;
let simulation: LobbySimulation;
beforeAll(async () => {
  server = await createTestRedis();
  redis = await openDatabase(server, server.db);
  simulation = await LobbySimulation.open(redis, seed);
});
afterAll(async () => {
  await simulation?.close();
  redis?.disconnect();
  await server?.drop();
});

test(`whatever happens, and wherever it dies, the lobby holds (seed ${seed})`, {
  timeout: 120_000,
}, async () => {
  onTestFailed(() => {
    process.stderr.write(
      `GALAXY_SIMULATION_SEED=${seed} plays this again; what came last:\n${simulation.story.slice(-30).join('\n')}\n`,
    );
  });
  for (let step = 1; step <= steps; step += 1) {
    await simulation.step();
    if (step % 50 === 0) await simulation.expectToHold();
  }
  await simulation.expectEndToHold();
  const { crashes, done } = simulation.seen;
  expect(crashes).toBeGreaterThan(steps / 50);
  // It would hold as well if nothing could be done.
  expect([...done.values()].reduce((sum, times) => sum + times, 0)).toBeGreaterThan(steps / 20);
});
