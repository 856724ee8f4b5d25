// Engines as processes, for a Game Master that runs on another machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EngineCatalogue } from '../../../lib/engine/catalogue.ts';
import { openProcessDriver } from '../../../lib/runtime-manager/drivers/process.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { entryOf } from '../../support/engines/catalogue.ts';
import { killEngines, newStartJob } from '../../support/engines/runtime-manager.ts';

const engine = `const read = (file) => require('node:fs').readFileSync('/proc/self/' + file, 'utf8');
const core = /core file size +([0-9]+) +([0-9]+)/.exec(read('limits')).slice(1);
const first = read('oom_score_adj').trim();
require('node:http')
  .createServer((request, response) => response.end(JSON.stringify({ status: 'ok', bind: process.env.GALAXY_ENGINE_HOST, core, first })))
  .listen(Number(process.env.GALAXY_ENGINE_PORT), process.env.GALAXY_ENGINE_HOST);`;

it.each([
  ['is reached at that host, and listens on every interface', 'localhost', 'localhost', '0.0.0.0'],
  ['is reached on 127.0.0.1 alone without one', undefined, '127.0.0.1', '127.0.0.1'],
])('an engine %s', async (_, host, reachedAt, bind) => {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-engine-host-'));
  try {
    const driver = await openProcessDriver({
      folder: join(folder, 'engines'),
      catalogue: new EngineCatalogue({
        engines: [
          entryOf(
            { family: 'four-in-a-row', version: '1.0.0' },
            { command: [process.execPath, '-e', engine] },
          ),
        ],
      }),
      cataloguePath: undefined,
      environment: {},
      host,
      stopTimeoutMs: 2_000,
      log: createLogger({ service: 'runtime-manager', level: 'silent' }),
    });
    const { job_id, game_id, engine_family, engine_version } = newStartJob();
    const { engineEndpoint } = await driver.start(
      { jobId: job_id, gameId: game_id, engineFamily: engine_family, engineVersion: engine_version },
      { timeoutMs: 20_000, signal: new AbortController().signal },
    );
    const { hostname, port } = new URL(engineEndpoint);
    expect([hostname, Number(port)]).toEqual([reachedAt, expect.any(Number)]);
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    // It leaves no image of its memory behind, and is the first to end when the machine is out of memory.
    expect(await response.json()).toEqual({ status: 'ok', bind, core: ['0', '0'], first: '500' });
    await driver.remove(job_id);
    await driver.close();
  } finally {
    await killEngines(folder);
    await rm(folder, { recursive: true, force: true });
  }
});
