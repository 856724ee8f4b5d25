// Two replicas of a worker of the lobby, as real processes: one works, the other takes over when the first is killed,
// stopped, or cut off from its stores; and a replica that comes back too late does nothing more.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { kill, LobbyStage, type StartingGame, streams, waiting } from '../support/lobby/stage.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import type { RunningProcess } from '../support/run/run-process.ts';

/** The promised time between the death of a replica and the work of the next. */
const takeOverMs = 15_000;
/** Additional time for a busy machine. */
const slackMs = 10_000;
const name = 'gm_events';

let stage: LobbyStage;
let ofFirst: TcpProxy;
beforeAll(async () => {
  stage = await LobbyStage.open();
  const { hostname, port } = new URL(stage.lobby.dsn);
  ofFirst = await startTcpProxy({ host: hostname, port: Number(port) });
});
afterAll(async () => {
  await stage?.close();
  await ofFirst?.close();
});

let first: RunningProcess;
let second: RunningProcess;
let game: StartingGame;
beforeEach(async () => {
  game = await stage.runningGame();
  await stage.lobby.outbox.settled();
  const dsn = new URL(stage.lobby.dsn);
  dsn.host = ofFirst.addr;
  first = start({ LOBBY_POSTGRES_PRIMARY_DSN: dsn.href });
  await untilTaken(first);
  second = start();
  await vi.waitFor(() => expect(second.stdout()).toContain('worker started'), waiting);
  await stage.handled(streams.gmEvents, await stage.tellReport(game, { turn: 1 }));
  expect(takenTimes(second)).toBe(0);
});
afterEach(async () => {
  ofFirst.heal();
  await stage.killAll();
  await stage.freeLeases();
});

/** With its default time-outs. */
const start = (variables: Record<string, string> = {}) =>
  stage.start('gm-lobby-events', {
    LOBBY_POSTGRES_OPERATION_TIMEOUT: '',
    LOBBY_REDIS_OPERATION_TIMEOUT: '',
    ...variables,
  });
const takenTimes = (running: RunningProcess) => running.stdout().split('"lease taken"').length - 1;
const untilTaken = (running: RunningProcess, times = 1) =>
  vi.waitFor(() => expect(takenTimes(running)).toBe(times), waiting);
const reportedTurns = async () => {
  const { rows } = await stage.lobby.pool.query(
    `select split_part(event_id, '/', 2)::int as turn from lobby.processed_entries
     where consumer = 'gm_events' and event_id like $1 order by processed_at, turn`,
    [`${game.gameId}/%`],
  );
  return rows.map(({ turn }) => turn);
};
const holder = async (): Promise<string | null> => {
  const { rows } = await stage.lobby.pool.query('select holder from lobby.consumers where name = $1', [name]);
  return rows[0].holder;
};

/** Waits until the second replica has handled a new entry. @returns how long that takes. */
async function takeOver(turn: number): Promise<number> {
  const since = performance.now();
  await stage.handled(streams.gmEvents, await stage.tellReport(game, { turn }));
  const tookMs = performance.now() - since;
  process.stdout.write(`the other replica handles an entry after ${Math.round(tookMs)} ms\n`);
  expect(tookMs).toBeLessThan(takeOverMs + slackMs);
  await untilTaken(second);
  return tookMs;
}

test('a replica that is killed is replaced by the other one in time', async () => {
  await kill(first);
  await takeOver(2);
  expect(await reportedTurns()).toEqual([1, 2]);
  await stage.expectWhole();
});

test('a replica that ends cleanly hands over at once', async () => {
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await takeOver(2)).toBeLessThan(slackMs);
  expect(await reportedTurns()).toEqual([1, 2]);
});

describe('a replica that is held up while the other one takes over', () => {
  const heldUps: [string, { hold(): void; release(): void }][] = [
    [
      'stopped as a process',
      { hold: () => first.child.kill('SIGSTOP'), release: () => first.child.kill('SIGCONT') },
    ],
    ['cut off from PostgreSQL', { hold: () => ofFirst.stall(), release: () => ofFirst.heal() }],
  ];
  test.each(heldUps)('%s, notices that it is too late, and does nothing more', async (_, heldUp) => {
    heldUp.hold();
    await takeOver(2);
    const held = await holder();
    heldUp.release();
    await vi.waitFor(() => expect(first.stdout()).toContain('the lease has passed to another'), waiting);
    await stage.handled(streams.gmEvents, await stage.tellReport(game, { turn: 3 }));
    expect(await holder()).toBe(held);
    expect(takenTimes(first)).toBe(1);
    expect(await reportedTurns()).toEqual([1, 2, 3]);
    await stage.expectWhole();
  });

  test('stopped within a transaction, does not prevent the take-over, and cannot commit', async () => {
    const reached = ofFirst.hold({ after: 'update "lobby"."games"', at: 'commit\0' });
    const since = performance.now();
    const entry = await stage.tellReport(game, { turn: 2 });
    const held = await reached;
    first.child.kill('SIGSTOP');
    await stage.handled(streams.gmEvents, entry);
    expect(performance.now() - since).toBeLessThan(takeOverMs + slackMs);
    held.deliver();
    first.child.kill('SIGCONT');
    await vi.waitFor(() => expect(first.stdout()).toContain('the lease has passed to another'), waiting);
    await stage.handled(streams.gmEvents, await stage.tellReport(game, { turn: 3 }));
    expect(await reportedTurns()).toEqual([1, 2, 3]);
    await stage.expectWhole();
  });
});

test('three replicas that start at once and are killed one after the other handle every entry once', async () => {
  const replicas = [first, second, start()];
  let turn = 1;
  for (const _ of replicas.slice(1)) {
    const working = await vi.waitFor(() => {
      const living = replicas.filter(({ child }) => child.signalCode === null);
      const one = living.find((running) => takenTimes(running) === 1);
      if (one === undefined) throw new Error('no replica is left');
      return one;
    }, waiting);
    for (let count = 0; count < 10; count += 1) {
      turn += 1;
      await stage.tellReport(game, { turn });
    }
    await vi.waitFor(async () => expect((await reportedTurns()).length).toBeGreaterThan(turn - 10), waiting);
    await kill(working);
    // The tests above measure the time until a lease expires.
    await stage.freeLeases();
  }
  await vi.waitFor(async () => expect((await reportedTurns()).at(-1)).toBe(turn), waiting);
  expect(await reportedTurns()).toEqual(Array.from({ length: turn }, (_, index) => index + 1));
  await stage.expectWhole();
});
