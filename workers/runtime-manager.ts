// The reference Runtime Manager: starts the engines of games and stops them, as the lobby's jobs ask. One process for
// one data folder and one pair of streams; lib/runtime-manager/jobs/manager.ts says what makes a crash at any point safe.
import type { Environment } from '../lib/config/variables.ts';
import { aborted, runProcess, startUnlessStopped, within } from '../lib/node/process.ts';
import { sleep } from '../lib/node/sleep.ts';
import { runTicks } from '../lib/node/tick-loop.ts';
import { consumeJobs, trimJobs } from '../lib/runtime-manager/jobs/consume-jobs.ts';
import { consumeEngineRequests } from '../lib/runtime-manager/jobs/engine-requests.ts';
import {
  forgetIntervalMs,
  journalRetentionMs,
  type RuntimeManagerProcess,
  startRuntimeManager,
  superviseIntervalMs,
  trimIntervalMs,
} from '../lib/runtime-manager/process/start.ts';

export async function runRuntimeManager(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, log, manager, redis, readers, close } = await startUnlessStopped(stop, () =>
    startRuntimeManager(environment),
  );
  const { streams, readBlockTimeoutMs: blockMs } = config;
  const working = Promise.all([
    consumeJobs({ manager, streams, redis, readers, blockMs, log }, stop),
    consumeEngineRequests(
      { manager, stream: streams.engineRequests, redis, reader: readers.engineRequests, blockMs, log },
      stop,
    ),
    manager.revive(stop).then(() => supervise(manager, log, stop)),
    announce(manager, config.reconcileIntervalMs, log, stop),
    runTicks(
      { name: 'job trimming', intervalMs: trimIntervalMs, tick: () => trimJobs(redis, streams), log },
      stop,
    ),
    runTicks(
      { name: 'journal', intervalMs: forgetIntervalMs, tick: () => manager.forget(journalRetentionMs), log },
      stop,
    ),
  ]);

  await Promise.race([aborted(stop), working]);
  log.info('draining');
  const drained = await within(config.shutdownTimeoutMs, working);
  if (config.stopEnginesOnExit) await manager.haltAll();
  await close();
  log.info({ drained }, 'stopped');
}

function supervise(
  manager: RuntimeManagerProcess['manager'],
  log: RuntimeManagerProcess['log'],
  stop: AbortSignal,
): Promise<void> {
  const tick = (stopped: AbortSignal) => manager.restartEnded(stopped);
  return runTicks({ name: 'engine supervision', intervalMs: superviseIntervalMs, tick, log }, stop);
}

/** Not at the start, when the lobby knows where engines are. */
async function announce(
  manager: RuntimeManagerProcess['manager'],
  intervalMs: number,
  log: RuntimeManagerProcess['log'],
  stop: AbortSignal,
): Promise<void> {
  await sleep(intervalMs, stop);
  const tick = (stopped: AbortSignal) => manager.announce(stopped);
  await runTicks({ name: 'engine announcements', intervalMs, tick, log }, stop);
}

if (import.meta.main) await runProcess('runtime-manager', runRuntimeManager);
