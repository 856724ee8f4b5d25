// How the demo finds a stack that `npm start` runs: a small file in its data folder, there while it runs.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Listeners } from './config.ts';
import { pidExists } from './processes.ts';
import { reachable } from './service.ts';
import { consoleUrl } from './stack.ts';

const runningSchema = z.object({
  pid: z.int(),
  httpUrl: z.string(),
  grpcAddr: z.string(),
  /** The log file in which sign-in codes appear. */
  mailLog: z.string(),
  /** Of the backend's admin listener. */
  adminUrl: z.string(),
  /** Of the Game Master's internal listener. */
  gameMasterUrl: z.string(),
  /** Holds the id of the Game Master's process. */
  gameMasterPidFile: z.string(),
  consoleUrl: z.string(),
  postgresDsn: z.string(),
});

export type RunningStack = z.infer<typeof runningSchema>;

/** What there is to know of a stack that this process runs. */
export function runningStack(
  listeners: Listeners,
  { logFolder, postgresDsn }: { logFolder: string; postgresDsn: string },
): RunningStack {
  return {
    pid: process.pid,
    httpUrl: `http://${reachable(listeners.gatewayHttp)}`,
    grpcAddr: reachable(listeners.gatewayGrpc),
    mailLog: join(logFolder, 'backend.log'),
    adminUrl: `http://${reachable(listeners.backendAdmin)}`,
    gameMasterUrl: `http://${reachable(listeners.gameMaster)}`,
    gameMasterPidFile: join(logFolder, 'game-master.pid'),
    consoleUrl: consoleUrl(listeners),
    postgresDsn,
  };
}

const fileIn = (dataFolder: string) => join(dataFolder, 'running.json');

export async function announce(dataFolder: string, stack: RunningStack): Promise<void> {
  await writeFile(fileIn(dataFolder), `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
}

export async function withdraw(dataFolder: string): Promise<void> {
  await rm(fileIn(dataFolder), { force: true });
}

/** The stack that runs on a data folder, if one does. */
export async function findRunning(dataFolder: string): Promise<RunningStack | undefined> {
  const text = await readFile(fileIn(dataFolder), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const stack = runningSchema.safeParse(JSON.parse(text)).data;
  return stack !== undefined && pidExists(stack.pid) ? stack : undefined;
}
