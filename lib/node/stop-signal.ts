// SIGTERM and SIGINT, from before the process's own modules are loaded: that takes most of a second, in which the
// kernel drops both for a process that is the first of its container, and ends any other with a signal's exit code.
// infra/node/signals.ts catches them that early; it needs this file alone, so it must import nothing.

type State = {
  readonly stop: AbortController;
  caught: boolean;
  running: boolean;
  stoppingSince: number | undefined;
};

const key = Symbol.for('galaxy.stop-signal');
// A bundle has a copy of this file.
const shared: typeof globalThis & { [key]?: State } = globalThis;
shared[key] ??= {
  stop: new AbortController(),
  caught: false,
  running: false,
  stoppingSince: undefined,
};
const state = shared[key];

/** From now on a signal ends the process with exit code 0; once `stopSignal` was asked for, it aborts that. */
export function catchSignals(): void {
  if (state.caught) return;
  state.caught = true;
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // Only with an IPC channel: the launcher that started this process has ended.
  process.on('disconnect', end);
}

/** Aborts when the process is to stop. Who asks must then end the process. */
export function stopSignal(): AbortSignal {
  catchSignals();
  state.running = true;
  return state.stop.signal;
}

function onSignal(): void {
  // A terminal's Ctrl-C may arrive twice, from the terminal and from a parent; a person's second one comes later.
  if (state.stoppingSince !== undefined && performance.now() - state.stoppingSince > 1_000) process.exit(130);
  state.stoppingSince ??= performance.now();
  end();
}

function end(): void {
  // Nothing has begun yet.
  if (!state.running) process.exit(0);
  state.stop.abort();
}
