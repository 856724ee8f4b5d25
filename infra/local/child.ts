// Runs PostgreSQL or Redis as a child of this process: in a process group of its own (a Ctrl-C in the terminal must
// not stop it before the services that use it), with its output in a file. It ends with this process: by stop(), or
// by a signal when this process exits without calling it. If this process is killed the server stays behind; the
// next start on the same folder finds it and stops it, unless another living launcher still uses it.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, stat, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  becomesTrue,
  codeOf,
  endProcess,
  livingLauncher,
  pidExists,
  sendSignal,
  worksIn,
} from './processes.ts';

/** With the pauses between them several seconds: sessions of a killed server may take that long to end. */
const attempts = 6;
const retryPauseMs = 300;
/** Generous: after a crash PostgreSQL replays its log and Redis its append-only file before they respond. */
const readyTimeoutMs = 60_000;
const logBytesKept = 10 * 1024 * 1024;

export type Command = { file: string; args: string[]; env: NodeJS.ProcessEnv };

/** Where a server's data lie and how one that runs on them is found and stopped. */
export type ServerLocation = {
  /** `PostgreSQL`, for messages. */
  name: string;
  /** Absolute real path; the server runs in it. */
  folder: string;
  /** Written by the server; its first line is the pid. */
  pidFile: string;
  /** Signals that stop it, the gentlest first. */
  stopSignals: readonly [NodeJS.Signals, ...NodeJS.Signals[]];
};

export type ServerPlan = ServerLocation & {
  logFile: string;
  /** 0 takes a free one. */
  port: number;
  /** Environment variable that sets the port, if there is one. */
  portVariable: string | undefined;
  /** Prepares what the server reads (its configuration) and says how to run it on this port. */
  command: (port: number) => Promise<Command>;
  /** Throws as long as the server does not respond. */
  probe: (port: number) => Promise<void>;
  log: (line: string) => void;
};

export type RunningServer = {
  port: number;
  pid: number;
  /** Resolves with the reason when the server ends without having been asked to; never after stop(). */
  lost: Promise<Error>;
  /** Stops the server and resolves once its process has gone; harmless when called again. */
  stop: () => Promise<void>;
};

class EndedEarly extends Error {}

/**
 * Starts a server and waits until it responds. A start that fails is tried again, as the first one after a crash may
 * fail while the remains of the old server disappear.
 * @throws Error when the port is taken, another launcher uses the folder, or the server does not come up.
 */
export async function startServer(plan: ServerPlan): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    await stopLeftBehind(plan, plan.log);
    const port = plan.port === 0 ? await freePort() : plan.port;
    if (plan.port !== 0) await requireFreePort(plan);
    const server = await launch(plan, port);
    try {
      await untilItResponds(plan, server);
      return server;
    } catch (error) {
      await server.stop();
      if (!(error instanceof EndedEarly) || attempt === attempts) throw error;
      plan.log(`${plan.name} did not start (${firstLine(error)}); trying again`);
      await delay(retryPauseMs * attempt);
    }
  }
}

/**
 * Stops a server that a killed launcher left running on this folder, and removes a pid file that would wrongly keep
 * the next one from starting.
 * @throws Error when the launcher of that server is alive: the folder is in use.
 */
export async function stopLeftBehind(location: ServerLocation, log: (line: string) => void): Promise<void> {
  const pid = await readPid(location.pidFile);
  if (pid === undefined) return;
  if (!(await worksIn(pid, location.folder))) {
    // The pid belongs to something else by now; PostgreSQL would take that for another postmaster.
    if (pidExists(pid)) await rm(location.pidFile, { force: true });
    return;
  }
  const launcher = await livingLauncher(pid);
  if (launcher !== undefined) {
    throw new Error(
      `${location.name} already runs on ${location.folder} (process ${pid}), started by process ${launcher}. ` +
        'Stop that one first, or use another data folder.',
    );
  }
  log(`stopping a ${location.name} that an earlier run left behind (process ${pid})`);
  await endProcess({
    ...location,
    pid,
    signals: location.stopSignals,
    isRunning: () => worksIn(pid, location.folder),
  });
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function launch(plan: ServerPlan, port: number): Promise<RunningServer> {
  const command = await plan.command(port);
  await boundLog(plan.logFile);
  const output = openSync(plan.logFile, 'a', 0o600);
  const child = spawn(command.file, command.args, {
    cwd: plan.folder,
    env: command.env,
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);

  let stopping: Promise<void> | undefined;
  const lost = new Promise<Error>((resolve) => {
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) signalAtExit.delete(child.pid);
      const how = signal === null ? `exit code ${code}` : signal;
      if (!stopping) resolve(new Error(`${plan.name} ended by itself (${how}). Its log: ${plan.logFile}`));
    });
  });
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${plan.name} was started without a process id.`);
  signalAtExit.set(pid, plan.stopSignals[0]);
  // The child must not keep this process alive.
  child.unref();

  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const stop = () => {
    stopping ??= endProcess({ name: plan.name, pid, signals: plan.stopSignals, isRunning });
    return stopping;
  };
  return { port, pid, lost, stop };
}

// Servers to end when this process exits without having stopped them.
const signalAtExit = new Map<number, NodeJS.Signals>();
process.on('exit', () => {
  for (const [pid, signal] of signalAtExit) sendSignal(pid, signal);
});

async function untilItResponds(plan: ServerPlan, server: RunningServer): Promise<void> {
  let ended: Error | undefined;
  let lastFailure: unknown;
  void server.lost.then((error) => {
    ended = error;
  });
  const ready = await becomesTrue(async () => {
    if (ended) throw new EndedEarly(`${ended.message}\n${await endOfLog(plan.logFile)}`);
    try {
      await plan.probe(server.port);
      return true;
    } catch (error) {
      lastFailure = error;
      return false;
    }
  }, readyTimeoutMs);
  if (ready) return;
  throw new Error(
    `${plan.name} does not respond on port ${server.port} after ${readyTimeoutMs / 1_000} s ` +
      `(${firstLine(lastFailure)}). Its log: ${plan.logFile}\n${await endOfLog(plan.logFile)}`,
    { cause: lastFailure },
  );
}

async function boundLog(file: string): Promise<void> {
  try {
    if ((await stat(file)).size > logBytesKept) await truncate(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function endOfLog(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.slice(-8).join('\n');
}

/**
 * A free port on 127.0.0.1. No other caller of this function gets it while this process lives, in any process. It is
 * below the range of outgoing connections, so that none of them takes it before the listener does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    try {
      return await reserve(randomInt(10_240, 32_768));
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE') throw error;
    }
  }
}

/** Marks the port as taken by binding its UDP port, on which no part of the platform listens. */
async function reserve(port: number): Promise<number> {
  const mark = createSocket('udp4').bind({ port, address: '127.0.0.1', exclusive: true });
  await once(mark, 'listening');
  mark.unref();
  try {
    return await bindOnce(port);
  } catch (error) {
    mark.close();
    throw error;
  }
}

async function requireFreePort({ name, port, portVariable }: ServerPlan): Promise<void> {
  try {
    await bindOnce(port);
  } catch (error) {
    const problem =
      codeOf(error) === 'EADDRINUSE' ? 'is already in use' : `cannot be used (${firstLine(error)})`;
    const advice =
      portVariable === undefined ? 'Free it' : `Set ${portVariable} to another port, or free this one`;
    throw new Error(`Port ${port} for ${name} ${problem}. ${advice}.`, { cause: error });
  }
}

async function bindOnce(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP listener has no port.');
  return address.port;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message || codeOf(error) || error.name : String(error);
  return message.split('\n', 1)[0] ?? '';
}
