// The lobby's consumers as real processes that read every entry twice, out of order, and mixed with nonsense; and a user
// who is blocked at the very moment at which an owner lets them in.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { apply } from '../support/lobby/games.ts';
import { listening } from '../support/lobby/lobby-process.ts';
import { LobbyStage, nameOf, type StartingGame, streams, waiting } from '../support/lobby/stage.ts';

let stage: LobbyStage;
let ports: { public: number; internal: number };
beforeAll(async () => {
  stage = await LobbyStage.open();
  ports = await listening(stage.start('lobby-all-in-one'));
});
afterAll(() => stage?.close());

const deadLetters = async () => {
  const { rows } = await stage.lobby.pool.query(
    'select consumer, reason from lobby.dead_letters order by consumer, reason',
  );
  return rows.map(({ consumer, reason }) => `${consumer}: ${reason.slice(0, 16)}`);
};
const retry = async ({ owner, gameId }: StartingGame): Promise<string> => {
  expect(await owner.post(`/games/${gameId}/retry-start`)).toMatchObject({ status: 200 });
  const { rows } = await stage.lobby.pool.query('select runtime_job_id from lobby.games where game_id = $1', [
    gameId,
  ]);
  return rows[0].runtime_job_id;
};

test('entries that come twice, out of order, too early, too late, or are nonsense have the effect that is left to them, once', async () => {
  const nowhere = { gameId: uuidv7(), jobId: uuidv7() };
  await stage.tell(streams.gmEvents, { anything: 'else' });
  await stage.tellReport(nowhere);
  await stage.tell(streams.jobResults, { job_id: 'no uuid' });
  await stage.tellResult(nowhere);
  await stage.tell(streams.userLifecycle, { event_id: uuidv7(), event_type: 'promoted' });

  // A game that ends before it is known to run, with all its entries repeated and in the wrong order.
  const quick = await stage.startingGame();
  const end = stage.report(quick, { event_type: 'game_finished', turn: 3 });
  const turns = [2, 1].map((turn) => stage.report(quick, { turn }));
  let last = '';
  for (const report of [end, ...turns, end, ...turns]) last = await stage.tell(streams.gmEvents, report);
  await stage.handled(streams.gmEvents, last);
  expect(await stage.statusOf(quick.gameId)).toBe('starting');
  await stage.tellResult(quick);
  await stage.tellResult(quick);

  // Two starts: the first one timed out, and still reports its container later.
  const slow = await stage.startingGame();
  await stage.lobby.pool.query(
    `update lobby.games set start_expires_at = now() - interval '1 second' where game_id = $1`,
    [slow.gameId],
  );
  await vi.waitFor(async () => expect(await stage.statusOf(slow.gameId)).toBe('start_failed'), waiting);
  const secondJob = await retry(slow);
  // Repeats are the same to the last field.
  const same = { finished_at_ms: Date.now() };
  await stage.tellResult(slow, same);
  await stage.tellResult({ ...slow, jobId: secondJob }, same);
  await stage.tellResult({ ...slow, jobId: secondJob }, same);
  last = await stage.tellResult(slow, same);
  await stage.handled(streams.jobResults, last);

  expect(await stage.statusOf(quick.gameId)).toBe('finished');
  expect((await stage.movesOf(quick.gameId)).slice(3)).toEqual(['runtime_ready', 'game_finished']);
  expect((await stage.movesOf(slow.gameId)).slice(2)).toEqual([
    'start',
    'start_timeout',
    'retry_start',
    'runtime_ready',
  ]);
  const { rows } = await stage.lobby.pool.query(
    `select payload ->> 'start_job_id' as job, payload ->> 'reason' as reason from lobby.outbox
     where kind = 'stop_job' and ordering_key = $1`,
    [slow.gameId],
  );
  expect(rows).toEqual([{ job: slow.jobId, reason: 'superseded' }]);
  await vi.waitFor(
    async () =>
      expect(await deadLetters()).toEqual([
        'gm_events: malformed: event',
        'gm_events: there is no game',
        'runtime_results: malformed: job_i',
        'runtime_results: there is no game',
        'user_lifecycle: malformed: event',
      ]),
    waiting,
  );
  await stage.expectWhole({ relayed: true });
});

test('a user who is blocked while they join is a member nowhere afterwards', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { owner, gameId } = await stage.openGame();
    const user = stage.lobby.player();
    const application = await apply(user, gameId, nameOf(user));
    // The User Service responds only once the block is being handled, or has been.
    const released = Promise.withResolvers<void>();
    const usual = stage.users.answer;
    stage.users.answer = async (...asked) => {
      await released.promise;
      usual(...asked);
    };
    const asked = stage.users.received.length;
    const approval = stage.caller(ports, owner).post(`/applications/${application}/approve`);
    await vi.waitFor(() => expect(stage.users.received.length).toBeGreaterThan(asked), waiting);
    const entry = await stage.tellBlock(user.userId);
    if (round % 2 === 0) await stage.handled(streams.userLifecycle, entry);
    released.resolve();
    const { status } = await approval;
    stage.users.answer = usual;
    await stage.handled(streams.userLifecycle, entry);
    if (round % 2 === 0) expect(status).not.toBe(200);
    const { rows } = await stage.lobby.pool.query(
      `select m.status from lobby.memberships m where user_id = $1`,
      [user.userId],
    );
    expect(rows.map((row) => row.status)).toEqual(status === 200 ? ['blocked'] : []);
    await stage.expectWhole({ relayed: true });
  }
});
