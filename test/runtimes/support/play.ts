// Both services on one runtime: starts them, runs the stories, and reads what arrived in Redis.
import { expect, inject, vi } from 'vitest';
import { openDatabase } from '../../support/stores/redis-databases.ts';
import { blockPlayer, playBackend, signIn } from './backend-story.ts';
import { caller } from './caller.ts';
import { playLobby } from './lobby-story.ts';
import { type ListenerName, type Running, type Runtime, run, startOn, urlOf } from './running.ts';
import { type Drivers, setStage, tokens } from './stage.ts';
import { type Entry, Transcript } from './transcript.ts';

export type Outcome = {
  readonly responses: readonly Entry[];
  /** What is in the streams of Redis, by their names. */
  readonly streams: Readonly<Record<string, readonly unknown[]>>;
};

/** How many entries the stories make, by stream. */
const expectedEntries = {
  'notification:intents': 9,
  'runtime:start_jobs': 1,
  'user:lifecycle_events': 1,
};

export async function playOn(runtime: Runtime, drivers: Drivers): Promise<Outcome> {
  const cleanUp = new AsyncDisposableStack();
  let outcome: Outcome;
  try {
    outcome = await play(runtime, drivers, cleanUp);
  } catch (error) {
    // This error says more than those that it causes during the clean-up.
    await Promise.allSettled([cleanUp.disposeAsync()]);
    throw error;
  }
  await cleanUp.disposeAsync();
  return outcome;
}

async function play(runtime: Runtime, drivers: Drivers, cleanUp: AsyncDisposableStack): Promise<Outcome> {
  const { ports, redis, environments } = await setStage(drivers, cleanUp);
  const untilTheEnd = <R extends Running>(running: R): R => {
    cleanUp.defer(() => running.stop());
    return running;
  };
  const backendProcess = untilTheEnd(await startOn(runtime, 'backend', environments.backend, ports));
  untilTheEnd(await startOn(runtime, 'lobby', environments.lobby, ports));
  // Publishes and sends for a backend that the platform does not keep alive.
  const mail = untilTheEnd(run(mailWorker(environments.backend)));
  // It logs its mailer; wait for it, so that the process is ready to be ended, too.
  await vi.waitFor(() => expect(mail.lines()).not.toEqual([]), { timeout: 60_000 });

  const transcript = new Transcript();
  const ask = (listener: ListenerName) => caller(urlOf(ports[listener]), tokens[listener], transcript);
  const backend = {
    service: ask('service'),
    admin: ask('admin'),
    mailLines: () => [...backendProcess.lines(), ...mail.lines()],
  };
  const ada = await playBackend(backend);
  const boris = await signIn(backend, 'boris');
  const chen = await signIn(backend, 'chen');
  await playLobby(
    { players: ask('public'), admin: ask('internal'), backend: backend.service },
    { owner: ada.userId, first: boris.userId, second: chen.userId },
  );
  await blockPlayer(backend, chen);

  const connection = await openDatabase(inject('redis'), redis.db);
  cleanUp.defer(() => connection.disconnect());
  const streams: Record<string, unknown[]> = {};
  for (const [stream, count] of Object.entries(expectedEntries)) {
    const entries = await vi.waitFor(
      async () => {
        const found = await connection.xrange(stream, '-', '+');
        if (found.length < count) throw new Error(`${stream} has ${found.length} entries of ${count}`);
        return found;
      },
      { timeout: 15_000 },
    );
    streams[stream] = entries.map(([, fields]) => transcript.plain(toObject(fields)));
  }
  return { responses: transcript.entries, streams };
}

const mailWorker = (env: Readonly<Record<string, string>>) => ({
  file: process.execPath,
  args: ['workers/backend-mail.ts'],
  env,
});

function toObject(fields: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i] ?? '', fields[i + 1] ?? '']);
  return Object.fromEntries(pairs);
}
