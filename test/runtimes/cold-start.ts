// How long each runtime takes from the start of its process until the lobby has answered a list of games. A table, no
// assertion on times: what they are depends on the machine and on what runs beside.
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, expect, test } from 'vitest';
import { run, urlOf } from './support/running.ts';
import { bun, deno, lambda, node, nodeBundle } from './support/runtimes.ts';
import { setStage, tokens } from './support/stage.ts';

const rounds = 7;

const cleanUp = new AsyncDisposableStack();
afterAll(() => cleanUp.disposeAsync());

test('cold starts', async () => {
  const { ports, environments } = await setStage(cleanUp);
  const url = `${urlOf(ports.public)}/api/v1/lobby/games?page_size=1`;
  const headers = { authorization: `Bearer ${tokens.public}`, 'x-user-id': uuidv7() };
  const times = new Map<string, number[]>();
  // One more that does not count: it fills the caches of the disk.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, commands } of [node, nodeBundle, bun, deno, lambda]) {
      const [command] = commands('lobby', environments.lobby, ports);
      const startedAt = performance.now();
      const running = run(command);
      const status = await firstStatus(url, headers);
      const ms = performance.now() - startedAt;
      await running.stop();
      expect({ name, status }).toEqual({ name, status: 200 });
      if (round > 0) times.set(name, [...(times.get(name) ?? []), ms]);
    }
  }
  const rows = [...times].map(([name, all]) => `${name.padEnd(34)} ${shown(all)}`);
  process.stdout.write(
    `\n${'from process start to 200, in ms'.padEnd(34)} median (least to most of ${rounds})\n`,
  );
  process.stdout.write(`${rows.join('\n')}\n\n`);
}, 600_000);

async function firstStatus(url: string, headers: Record<string, string>): Promise<number> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const response = await fetch(url, { headers });
      await response.arrayBuffer();
      return response.status;
    } catch (error) {
      // Nobody listens yet.
      if (performance.now() > deadline) throw error;
      await delay(2);
    }
  }
}

function shown(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b).map(Math.round);
  return `${String(sorted[Math.floor(sorted.length / 2)]).padStart(6)} (${sorted[0]} to ${sorted.at(-1)})`;
}
