import { Instruments } from '../telemetry/instruments.ts';

export const runtimeManagerInstruments = new Instruments('galaxy.runtime_manager');

export const finishedJobs = runtimeManagerInstruments.counter(
  'runtime_jobs_total',
  ['kind', 'outcome'],
  'Start and stop jobs that were finished, without repeats.',
);

export const engineRestarts = runtimeManagerInstruments.counter(
  'runtime_engine_restarts_total',
  ['outcome'],
  'Starts of engines that ran before: after they ended, or after a restart of the Runtime Manager.',
);

// Without a zero at the start, a query for the increase would miss the first one.
for (const outcome of ['success', 'failure']) engineRestarts.add(0, outcome);
for (const kind of ['start', 'stop']) {
  for (const outcome of ['success', 'failure']) finishedJobs.add(0, kind, outcome);
}
