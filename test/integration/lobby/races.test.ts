// Two callers who want the same of a game at the same time, for everything that people may do to its status: one does
// it, the other one is told clearly that it is done.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GameStatus, gameStatuses, type Trigger } from '../../../lib/lobby/domain/game.ts';
import { allowedTriggers, transition } from '../../../lib/lobby/domain/state-machine.ts';
import { column, join, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

/** What an admin does by correcting a game, which may be done twice. */
const corrections: readonly Trigger[] = ['correct', 'replace_engine'];

/** Everything else that an admin may do to a game, and in which status; an owner may do most of it, too. */
const pulls = gameStatuses.flatMap((from) =>
  allowedTriggers(from, 'admin')
    .filter((trigger) => !corrections.includes(trigger))
    .map((trigger) => ({ from, trigger })),
);

/** A game with two players, in this status as far as the database is concerned. */
async function makeGame(owner: Client, status: GameStatus): Promise<string> {
  const gameId = await makeOpenGame(owner);
  for (const player of [lobby.player(), lobby.player()]) {
    await join(player, owner, gameId, `R ${player.userId.slice(-12)}`);
  }
  // With what it has run in, where it has run.
  await lobby.pool.query(
    `update lobby.games set status = $2, runtime_job_id = gen_random_uuid(), container_id = 'c1',
       engine_endpoint = 'http://10.0.0.1:9000', bound_at = case when $2 in ('running', 'paused') then now() end
     where game_id = $1`,
    [gameId, status],
  );
  return gameId;
}

function statusAfter(from: GameStatus, trigger: Trigger): GameStatus {
  const won = transition({ status: from, boundAt: null }, trigger, 'admin');
  if (!won.ok) throw new Error(`${trigger} does not fit ${from}`);
  return won.to;
}

/** What the loser is told: what the game is by then, and what can be done to it. */
function tooLate(status: GameStatus, trigger: Trigger, by: 'owner' | 'admin') {
  const lost = transition({ status, boundAt: null }, trigger, by);
  if (lost.ok) throw new Error(`${trigger} fits ${status}, too`);
  return refusal(409, 'invalid_state', lost.message, lost.details);
}

test('people may do more than ten things to a game', () => {
  expect(pulls.length).toBeGreaterThan(10);
  expect(new Set(pulls.map(({ trigger }) => trigger)).size).toBe(8);
});

describe.each(pulls)('$trigger of a game that is $from', ({ from, trigger }) => {
  const ownerMay = allowedTriggers(from, 'owner').includes(trigger);

  test('is done by one of two', async () => {
    const owner = lobby.player();
    const gameId = await makeGame(owner, from);
    const path = `/games/${gameId}/${trigger.replace('_', '-')}`;
    const to = statusAfter(from, trigger);
    const body = trigger === 'reopen_enrollment' ? {} : undefined;
    const callers = [
      { by: ownerMay ? 'owner' : 'admin', client: ownerMay ? owner : lobby.admin('grace') },
      { by: 'admin', client: lobby.admin('ada') },
    ] as const;
    const before = column(await lobby.admin().get(`/games/${gameId}/timeline`), 'trigger');
    const answers = await Promise.all(callers.map(({ client }) => client.post(path, { body })));

    const winner = answers.findIndex(({ status }) => status === 200);
    const loser = 1 - winner;
    expect(winner, JSON.stringify(answers)).not.toBe(-1);
    expect(answers[loser]).toEqual(tooLate(to, trigger, callers[loser]?.by ?? 'admin'));
    const timeline = await lobby.admin().get(`/games/${gameId}/timeline`);
    expect(column(timeline, 'trigger')).toEqual([...before, trigger]);
    expect(column(timeline, 'actor').at(-1)).toBe(callers[winner]?.by);
    expect(await lobby.admin().get(`/games/${gameId}`)).toMatchObject({
      etag: answers[winner]?.etag,
      body: { status: to },
    });
  });
});

describe('closing and cancelling at once', () => {
  test.each([1, 2, 3])(
    'leaves a game cancelled, and each user who waited hears of one end (round %i)',
    async () => {
      const owner = lobby.player();
      const gameId = await makeGame(owner, 'enrollment_open');
      const eve = lobby.player();
      await eve.post(`/games/${gameId}/applications`, { body: { race_name: `E ${eve.userId.slice(-12)}` } });
      const [closed, cancelled] = await Promise.all([
        owner.post(`/games/${gameId}/close-enrollment`),
        lobby.admin().post(`/games/${gameId}/cancel`),
      ]);
      expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
      expect([200, 409]).toContain(closed.status);
      const { rows } = await lobby.pool.query(
        `select payload ->> 'notification_type' as type from lobby.outbox
       where ordering_key = $1 and payload -> 'recipient_user_ids' ? $2 order by position`,
        [gameId, eve.userId],
      );
      const end = closed.status === 200 ? 'lobby.enrollment.closed' : 'lobby.game.cancelled';
      expect(rows.map(({ type }) => type)).toEqual([end]);
    },
  );
});
