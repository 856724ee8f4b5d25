// Each worker of the lobby as a real process that is killed exactly where it could lose work or repeat it. Proxies to
// its stores watch for the bytes of such a point and hold them; once the process is dead they pass them on or drop them.
// Then another process is started, and the result must be as if nothing had happened.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { notificationIntent } from '../../lib/lobby/outbox/messages.ts';
import { nameKeys } from '../../lib/names/keys.ts';
import { makeDraft } from '../support/lobby/games.ts';
import { kill, LobbyStage, nameOf, streams, waiting } from '../support/lobby/stage.ts';
import type { HoldPoint } from '../support/network/tcp-proxy.ts';
import type { RunningProcess } from '../support/run/run-process.ts';

/** Where a worker dies. With `delivered` the bytes that it sent still arrive, and only the reply is lost. */
type Point = { link: 'toPostgres' | 'toRedis'; point: HoldPoint; delivered?: boolean };

const commit = 'commit\0';
const beforeCommit = (effect: string): Point => ({
  link: 'toPostgres',
  point: { after: effect, at: commit },
});
const moved = 'insert into "lobby"."timeline"';

const beforeCommitting = { 'after its effect and before its commit': beforeCommit(moved) };
// Matched by their names, since a connection sends the text of a prepared statement only once.
const shared = 'share_lease_';
const noted = 'mark_messages_published';
// Reading and advancing are the same code in every consumer, and publishing in every worker: one of them stands for all.
const reading: Record<string, Point> = {
  'after it has read an entry': { link: 'toPostgres', point: { at: shared } },
};
const deciding = (effect: string): Record<string, Point> => ({
  'after its effect and before its commit': beforeCommit(effect),
  'after its commit, before it gets the reply': { ...beforeCommit(effect), delivered: true },
});
const publishing: Record<string, Point> = {
  'after its commit and before it publishes': { link: 'toRedis', point: { at: '\r\nXADD\r\n' } },
  'after it has published and before it records that': {
    link: 'toPostgres',
    point: { at: noted },
  },
};
const advancing: Record<string, Point> = {
  'after its commit and before its offset is moved': {
    link: 'toRedis',
    point: { at: "redis.call('SET', KEYS[1]" },
  },
};

type Worker = {
  entry: string;
  points: Record<string, Point>;
  /** Gives the worker something to do. @returns a check that it was done once. */
  provoke: () => Promise<() => Promise<void>>;
};

let stage: LobbyStage;
beforeAll(async () => {
  stage = await LobbyStage.open();
});
afterAll(() => stage?.close());

const workers: Worker[] = [
  {
    entry: 'runtime-job-results',
    points: {
      'after it has read an entry': { link: 'toPostgres', point: { at: 'from "lobby"."games"' } },
      'after the Game Master has taken the game over': {
        link: 'toPostgres',
        point: { at: shared },
      },
      ...deciding(moved),
    },
    async provoke() {
      const game = await stage.startingGame();
      await stage.lobby.outbox.settled();
      const entry = await stage.tellResult(game);
      return async () => {
        await stage.handled(streams.jobResults, entry);
        expect(await stage.statusOf(game.gameId)).toBe('running');
        expect((await stage.movesOf(game.gameId)).slice(-2)).toEqual(['start', 'runtime_ready']);
        const registrations = stage.gameMaster.received.filter(({ url }) => url.includes(game.gameId));
        expect(registrations.length).toBeGreaterThan(0);
        // A repeated registration, if any, names the same runtime.
        expect(new Set(registrations.map(({ body }) => body)).size).toBe(1);
      };
    },
  },
  {
    entry: 'gm-lobby-events',
    points: { ...reading, ...beforeCommitting, ...publishing, ...advancing },
    async provoke() {
      const game = await stage.runningGame();
      await stage.lobby.outbox.settled();
      const [first] = game.players;
      const stats = (planets: number) => [
        { user_id: first.userId, planets, population: planets, ships_built: 0 },
      ];
      await stage.tellReport(game, { turn: 0, player_stats: stats(1) });
      const end = { event_type: 'game_finished', turn: 9, player_stats: stats(5) };
      const entry = await stage.tellReport(game, end);
      return async () => {
        await stage.handled(streams.gmEvents, entry);
        expect((await stage.movesOf(game.gameId)).slice(-2)).toEqual(['runtime_ready', 'game_finished']);
        const { rows } = await stage.lobby.pool.query(
          'select user_id, kind from lobby.race_names where game_id = $1',
          [game.gameId],
        );
        expect(rows).toEqual([{ user_id: first.userId, kind: 'pending_registration' }]);
      };
    },
  },
  {
    entry: 'user-lifecycle',
    points: {
      'after the user is marked as gone': { ...beforeCommit('"user_guards"'), delivered: true },
      ...beforeCommitting,
      'between the games that the user owned and those that they play in': {
        link: 'toPostgres',
        point: { at: 'update "lobby"."memberships"' },
      },
      'before names are released': { link: 'toPostgres', point: { at: 'delete from "lobby"."race_names"' } },
    },
    async provoke() {
      const user = stage.lobby.player();
      const owned = [await stage.openGame(user), await stage.startingGame(user)];
      const other = await stage.openGame();
      const applied = await stage.openGame();
      const body = { race_name: nameOf(user) };
      const application = await user.post(`/games/${other.gameId}/applications`, { body });
      const { application_id } = application.body as { application_id: string };
      await other.owner.post(`/applications/${application_id}/approve`);
      await user.post(`/games/${applied.gameId}/applications`, { body });
      await stage.lobby.outbox.settled();
      const entry = await stage.tellBlock(user.userId);
      return async () => {
        await stage.handled(streams.userLifecycle, entry);
        for (const { gameId } of owned) {
          expect((await stage.movesOf(gameId)).filter((move) => move === 'external_block')).toHaveLength(1);
          expect(await stage.statusOf(gameId)).toBe('cancelled');
        }
        expect(await stage.statusOf(other.gameId)).toBe('enrollment_open');
      };
    },
  },
  {
    entry: 'enrollment-automation',
    points: deciding(moved),
    async provoke() {
      const [enrolling, starting] = [await stage.openGame(), await stage.startingGame()];
      await stage.lobby.outbox.settled();
      await stage.lobby.pool.query(
        `update lobby.games set enrollment_ends_at = now() - interval '1 minute', start_expires_at =
           case when start_expires_at is not null then now() - interval '1 second' end
         where game_id = any($1)`,
        [[enrolling.gameId, starting.gameId]],
      );
      return async () => {
        expect((await stage.movesOf(enrolling.gameId)).slice(1)).toEqual(['deadline']);
        expect((await stage.movesOf(starting.gameId)).slice(-2)).toEqual(['start', 'start_timeout']);
      };
    },
  },
  {
    entry: 'pending-registration-expirer',
    points: deciding('delete from "lobby"."race_names"'),
    async provoke() {
      const player = stage.lobby.player();
      const gameId = await makeDraft(player, {
        enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
      });
      const { userId } = player;
      const raceNameId = uuidv7();
      await stage.lobby.db.transaction(async (tx) => {
        const [name, at] = [nameOf(player), new Date(Date.now() - 1_000)];
        const keys = nameKeys(name);
        await stage.lobby.raceNames.reserve(tx, { raceNameId, userId, gameId, name, keys, at });
        await stage.lobby.raceNames.allowRegistration(tx, { userId, gameId }, at);
      });
      return async () => {
        const { rows } = await stage.lobby.pool.query(
          `select count(*)::int as names, (select count(*)::int from lobby.outbox
             where payload ->> 'idempotency_key' = $2) as intents
           from lobby.race_names where race_name_id = $1`,
          [raceNameId, `lobby.race_name.expired:${raceNameId}`],
        );
        expect(rows).toEqual([{ names: 0, intents: 1 }]);
      };
    },
  },
  {
    entry: 'lobby-outbox-relay',
    points: {
      ...publishing,
      ...deciding(noted),
    },
    async provoke() {
      // As a process that died after its commit leaves them.
      const gameId = uuidv7();
      const intent = (subject: string) =>
        notificationIntent(
          {
            type: 'lobby.game.paused',
            gameId,
            recipients: [uuidv7()],
            subject,
            payload: { game_id: gameId, game_name: 'Andromeda', status: 'paused', trigger: 'pause' },
          },
          { at: new Date(), traceparent: undefined },
        );
      const { db, outbox, pool } = stage.lobby;
      await db.transaction((tx) => outbox.write(tx, [...intent(`${gameId}:1`), ...intent(`${gameId}:2`)]));
      return async () => {
        const { rows } = await pool.query(
          'select count(published_at)::int as published from lobby.outbox where ordering_key = $1',
          [gameId],
        );
        expect(rows).toEqual([{ published: 2 }]);
      };
    },
  },
];

describe.each(workers)('$entry, killed', ({ entry, points, provoke }) => {
  let running: RunningProcess;
  beforeAll(() => {
    running = stage.start(entry);
  });
  afterAll(() => stage.killAll());

  test.each(Object.entries(points))('%s, loses nothing and repeats nothing', async (_, die) => {
    let held: { deliver: () => void } | undefined;
    void stage[die.link].hold(die.point).then((reached) => {
      held = reached;
    });
    const done = await provoke();
    await vi.waitFor(() => expect(held, `${entry} gets to ${die.point.at}`).toBeDefined(), waiting);
    if (die.delivered) {
      expect(await openTransactions()).toBe(1);
      held?.deliver();
      await vi.waitFor(async () => expect(await openTransactions()).toBe(0), waiting);
    }
    await kill(running);
    await stage.freeLeases();
    running = stage.start(entry);
    await vi.waitFor(done, waiting);
    await stage.expectWhole();
    await done();
  });
});

/** How many transactions of the worker wait for its next statement. */
async function openTransactions(): Promise<number> {
  const { rows } = await stage.lobby.pool.query(
    `select count(*)::int as open from pg_stat_activity
     where datname = current_database() and state = 'idle in transaction'`,
  );
  return rows[0].open;
}
