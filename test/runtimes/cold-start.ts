// How long each runtime takes from the start of its process until the lobby has returned a list of games. It prints a
// table and asserts no times: they depend on the machine and its load.
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, expect, test } from 'vitest';
import { run, urlOf } from './support/running.ts';
import { bun, deno, lambda, node, nodeBundle, workerd } from './support/runtimes.ts';
import { setStage, tokens } from './support/stage.ts';

const rounds = 7;
const overTcp = [node, nodeBundle, bun, deno, lambda];

const cleanUp = new AsyncDisposableStack();
afterAll(() => cleanUp.disposeAsync());

test('cold starts', async () => {
  const tcp = await setStage('TCP', cleanUp);
  const without = await setStage('WebSocket and REST', cleanUp);
  const places = [
    ...overTcp.map((runtime) => ({ runtime, stage: tcp })),
    { runtime: workerd, stage: without },
  ];
  const headers = { authorization: `Bearer ${tokens.public}`, 'x-user-id': uuidv7() };
  const times = new Map<string, number[]>();
  // One more, which is not counted: it fills the disk cache.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { runtime, stage } of places) {
      const [command] = runtime.commands('lobby', stage.environments.lobby, stage.ports);
      const startedAt = performance.now();
      const running = run(command);
      const status = await firstStatus(
        `${urlOf(stage.ports.public)}/api/v1/lobby/games?page_size=1`,
        headers,
      );
      const ms = performance.now() - startedAt;
      await running.stop();
      expect({ runtime: runtime.name, status }).toEqual({ runtime: runtime.name, status: 200 });
      if (round > 0) times.set(runtime.name, [...(times.get(runtime.name) ?? []), ms]);
    }
  }
  const rows = [...times].map(([name, all]) => `${name.padEnd(14)} ${shown(all)}`);
  process.stdout.write(`\nms from the start of the process to the first 200 of a list of games\n`);
  process.stdout.write(`${'runtime'.padEnd(14)} median (least to most of ${rounds})\n${rows.join('\n')}\n\n`);
}, 600_000);

async function firstStatus(url: string, headers: Record<string, string>): Promise<number> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const response = await fetch(url, { headers });
      await response.arrayBuffer();
      return response.status;
    } catch (error) {
      // It does not listen yet.
      if (performance.now() > deadline) throw error;
      await delay(2);
    }
  }
}

function shown(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b).map(Math.round);
  return `${String(sorted[Math.floor(sorted.length / 2)]).padStart(6)} (${sorted[0]} to ${sorted.at(-1)})`;
}
