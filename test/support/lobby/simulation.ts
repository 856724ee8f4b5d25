// The lobby's core under a schedule that a seed decides: people, Runtime Manager, Game Master and time go on by chance,
// entries come twice, late and out of order, and any transaction may die just before its commit or just after it, with
// the process that ran it. One thing happens at a time, so that a seed tells the same story again.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { expect } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import {
  cancelIdleGames,
  closeDueEnrollments,
  failOverdueStarts,
} from '../../../lib/lobby/automation/enrollment-automation.ts';
import { expirePendingRegistrations } from '../../../lib/lobby/automation/pending-registrations.ts';
import { notifyOwnersOfUnderfilledGames } from '../../../lib/lobby/automation/underfilled-games.ts';
import { resumeUnregisteredGames } from '../../../lib/lobby/automation/unregistered-games.ts';
import { gmEventsConsumer } from '../../../lib/lobby/consumers/gm-events.ts';
import { runtimeResultsConsumer } from '../../../lib/lobby/consumers/runtime-results.ts';
import { userLifecycleConsumer } from '../../../lib/lobby/consumers/user-lifecycle.ts';
import { lobbyPublishers } from '../../../lib/lobby/outbox/publishers.ts';
import { consumerStreams } from '../../../lib/lobby/process/consumer-streams.ts';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import type { Consumer } from '../../../lib/streams/consumer.ts';
import { readEntry, type StreamEntry } from '../../../lib/streams/entry.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { gameBody } from './games.ts';
import { expectHistoriesToHold, expectLobbyAtRest } from './invariants.ts';
import { type Answer, type Client, createTestLobby, type TestLobby } from './lobby.ts';
import { handleOnce } from './steps.ts';

const streams = {
  startJobs: 'runtime:start_jobs',
  stopJobs: 'runtime:stop_jobs',
  gameChanges: 'lobby:game_changes',
  notificationIntents: 'notification:intents',
  gmEvents: 'gm:lobby_events',
  jobResults: 'runtime:job_results',
  userLifecycle: 'user:lifecycle_events',
};
const places = consumerStreams(streams);
const log = createLogger({ service: 'test', level: 'silent' });
const never = new AbortController().signal;
const hour = 3_600_000;

type Fields = Record<string, string>;
/** A container that the Game Master plays in. */
type Played = { gameId: string; jobId: string; players: string[]; turn: number };

class Crash extends Error {}

export class LobbySimulation {
  readonly #lobby: TestLobby;
  readonly #redis: Redis;
  readonly #roll: (sides: number) => number;
  readonly #people: Client[];
  readonly #consumers;
  /** How the next transaction is to die. */
  #dying: 'before its commit' | 'after its commit' | undefined;
  #crashes = 0;
  #ids = 0;
  #jobsSeen = '0';
  readonly #offsets = new Map<string, string>();
  /** Results that come late. */
  readonly #late: Fields[] = [];
  /** By the start job. */
  readonly #results = new Map<string, Fields>();
  readonly #played: Played[] = [];
  readonly #blocked = new Set<string>();
  /** What people were told is done, by what they asked for. */
  readonly #done = new Map<string, number>();
  readonly story: string[] = [];

  private constructor(lobby: TestLobby, redis: Redis, roll: (sides: number) => number) {
    this.#lobby = lobby;
    this.#redis = redis;
    this.#roll = roll;
    this.#people = Array.from({ length: 9 }, () => lobby.player());
    this.#consumers = [
      { place: places.gm_events, handle: handler(lobby, gmEventsConsumer(lobby, places.gm_events)) },
      {
        place: places.runtime_results,
        handle: handler(lobby, runtimeResultsConsumer(lobby, places.runtime_results, log)),
      },
      {
        place: places.user_lifecycle,
        handle: handler(lobby, userLifecycleConsumer(lobby, places.user_lifecycle)),
      },
    ];
  }

  static async open(redis: Redis, seed: number): Promise<LobbySimulation> {
    const roll = dice(seed);
    let simulation: LobbySimulation | undefined;
    const lobby = await createTestLobby({
      publishers: lobbyPublishers(redis, streams, Object.values(consumerStreams(streams))),
      gameMaster: {
        probe: async () => simulation?.mayRegister(),
        async register({ gameId, runtimeJobId: jobId, players }) {
          simulation?.mayRegister();
          simulation?.play(
            gameId,
            jobId,
            players.map(({ userId }) => userId),
          );
        },
      },
    });
    lobby.pool.on('connect', (client) => simulation?.watch(client));
    simulation = new LobbySimulation(lobby, redis, roll);
    return simulation;
  }

  close(): Promise<void> {
    return this.#lobby.close();
  }

  /** How many transactions have died, and how many of each thing people have had done. */
  get seen(): { crashes: number; done: ReadonlyMap<string, number> } {
    return { crashes: this.#crashes, done: this.#done };
  }

  /** One thing happens. */
  async step(): Promise<void> {
    const kinds: [number, () => Promise<void>][] = [
      [10, () => this.#request()],
      [3, () => this.#manageRuntimes()],
      [4, () => this.#playTurns()],
      [8, () => this.#consume(this.#pick(this.#consumers), 1 + this.#roll(4))],
      [2, () => this.#tick()],
      [1, () => this.#outbox()],
      [1, () => this.#senseless()],
      [1, () => (this.#oneIn(5) ? this.#block() : Promise.resolve())],
    ];
    const act = this.#pick(kinds.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind)));
    this.#dying = this.#oneIn(4) ? this.#pick(['before its commit', 'after its commit'] as const) : undefined;
    await act();
    await this.#lobby.outbox.settled();
    this.#dying = undefined;
  }

  async expectToHold(): Promise<void> {
    await expectHistoriesToHold(this.#lobby.pool, `after ${this.story.length} steps`);
  }

  /** Lets everything come to its end without any crash, and checks what has come of it. */
  async expectEndToHold(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      await this.#lobby.outbox.publishDue(never);
      await this.#manageRuntimes('all');
      for (const consumer of this.#consumers) await this.#consume(consumer, 10_000, 'in order');
      this.#lobby.clock.advance(hour);
      await this.#tick();
    }
    await this.#lobby.outbox.publishDue(never);
    await expectLobbyAtRest(this.#lobby.pool, this.#redis, streams);
    await this.#expectNobodyForgotten();
    await this.#expectNoContainerForgotten();
  }

  /** Whatever people were told is done has been done, and exactly that. */
  async #expectNobodyForgotten(): Promise<void> {
    const { rows } = await this.#lobby.pool.query<{ what: string; times: number }>(
      `select trigger as what, count(*)::int as times from lobby.timeline where actor in ('owner', 'admin') group by 1
       union all select 'apply', count(*)::int from lobby.applications
       union all select 'approve', count(*)::int from lobby.memberships
       union all select 'create', count(*)::int from lobby.games`,
    );
    const happened = Object.fromEntries(
      rows.filter(({ times }) => times > 0).map((row) => [row.what, row.times]),
    );
    const { leave: _, ...done } = Object.fromEntries(this.#done);
    expect(happened, 'what has happened, and what people know of').toEqual(done);
  }

  /** Each container is that of a game that is played, or to be stopped. */
  async #expectNoContainerForgotten(): Promise<void> {
    const { rows } = await this.#lobby.pool.query<{ job: string }>(
      `select runtime_job_id as job from lobby.games where status in ('running', 'paused')
       union select (payload ->> 'start_job_id')::uuid from lobby.outbox where kind = 'stop_job'`,
    );
    const known = new Set(rows.map(({ job }) => job));
    const started = [...this.#results].flatMap(([job, { outcome }]) => (outcome === 'success' ? [job] : []));
    expect(
      started.filter((job) => !known.has(job)),
      'containers without end',
    ).toEqual([]);
  }

  mayRegister(): void {
    if (this.#oneIn(5)) throw new Refusal('service_unavailable', 'The Game Master is away.');
  }

  play(gameId: string, jobId: string, players: string[]): void {
    if (!this.#played.some((played) => played.jobId === jobId)) {
      this.#played.push({ gameId, jobId, players, turn: 0 });
    }
  }

  /** Lets transactions on this connection die when they are to. */
  watch(client: pg.PoolClient): void {
    const query = client.query.bind(client) as (...asked: unknown[]) => Promise<unknown>;
    const watched = (...asked: unknown[]): Promise<unknown> => {
      const [first] = asked;
      const text = typeof first === 'object' && first !== null && 'text' in first ? first.text : first;
      if (text !== 'commit' || this.#dying === undefined) return query(...asked);
      const committed = this.#dying === 'after its commit' ? query(...asked) : Promise.resolve();
      this.#dying = undefined;
      this.#crashes += 1;
      return committed.then(() => Promise.reject(new Crash('the process has died')));
    };
    Object.assign(client, { query: watched });
  }

  async #request(): Promise<void> {
    const { rows } = await this.#lobby.pool.query<{ id: string; owner: string; status: string }>(
      'select game_id as id, owner_user_id as owner, status from lobby.games order by created_at, game_name',
    );
    const alive = rows.filter(({ status }) => status !== 'finished' && status !== 'cancelled');
    if (alive.length < 5) {
      const endsAt = new Date(this.#lobby.now().getTime() + (2 + this.#roll(40)) * hour).toISOString();
      const size = { min_players: 2, max_players: 2 + this.#roll(2), start_gap_players: this.#roll(2) };
      const clock = rows.length % 3 === 0 ? { turn_schedule: null, turn_seconds: 3_600 } : {};
      // In the order of their names, they come in the order in which they were made.
      const game_name = `Game ${String(rows.length).padStart(5, '0')}`;
      await this.#ask(this.#pick(this.#people), 'create', '/games', {
        ...gameBody,
        ...size,
        ...clock,
        game_name,
        enrollment_ends_at: endsAt,
      });
      return;
    }
    const game = this.#pick(alive);
    const path = `/games/${game.id}`;
    const owner = this.#people.find(({ userId }) => userId === game.owner) ?? this.#lobby.admin();
    const manager = this.#oneIn(5) ? this.#lobby.admin() : owner;
    switch (game.status) {
      case 'draft':
        return this.#ask(manager, 'open_enrollment', `${path}/open-enrollment`);
      case 'enrollment_open':
        return this.#enroll(path, manager);
      case 'ready_to_start':
        return this.#ask(manager, 'start', `${path}/start`);
      case 'start_failed':
        return this.#ask(manager, 'retry_start', `${path}/retry-start`);
      case 'running':
        if (this.#oneIn(12)) return this.#ask(this.#lobby.admin(), 'cancel', `${path}/cancel`);
        if (this.#oneIn(6)) return this.#ask(this.#pick(this.#people), 'leave', `${path}/leave`);
        return this.#ask(manager, 'pause', `${path}/pause`);
      case 'paused':
        return this.#oneIn(12)
          ? this.#ask(manager, 'cancel', `${path}/cancel`)
          : this.#ask(manager, 'resume', `${path}/resume`);
      default:
        // Nothing can be done to a game that is starting; asked all the same.
        return this.#ask(manager, 'cancel', `${path}/cancel`);
    }
  }

  async #enroll(path: string, manager: Client): Promise<void> {
    const { rows } = await this.#lobby.pool.query<{ id: string }>(
      `select application_id as id from lobby.applications where status = 'pending' order by created_at, race_name`,
    );
    if (rows.length > 0 && this.#oneIn(2)) {
      return this.#ask(this.#lobby.admin(), 'approve', `/applications/${this.#pick(rows).id}/approve`);
    }
    if (this.#oneIn(10)) return this.#ask(manager, 'close_enrollment', `${path}/close-enrollment`);
    if (this.#oneIn(25)) return this.#ask(manager, 'cancel', `${path}/cancel`);
    const player = this.#pick(this.#people);
    const names = ['Cosmo', 'COSMO', 'Orbit', '0rbit', 'Novo', `Own ${this.#people.indexOf(player)}`];
    return this.#ask(player, 'apply', `${path}/applications`, { race_name: this.#pick(names) });
  }

  /** Asks until there is an answer, under one key, as clients do. */
  async #ask(client: Client, what: string, path: string, body?: unknown): Promise<void> {
    this.#ids += 1;
    const headers = { 'idempotency-key': `request-${this.#ids}` };
    let answer: Answer;
    do {
      answer = await client.post(path, { headers, ...(body === undefined ? {} : { body }) });
      await this.#lobby.outbox.settled();
    } while (answer.status === 500);
    this.story.push(`${what} ${path}: ${answer.status}`);
    if (answer.status < 300) {
      this.#count(what);
      // An owner who applies is admitted at once.
      if (what === 'apply' && JSON.stringify(answer.body).includes('"status":"approved"'))
        this.#count('approve');
    } else expect([403, 404, 409, 503], `${what}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
  }

  #count(what: string): void {
    this.#done.set(what, (this.#done.get(what) ?? 0) + 1);
  }

  /** Reads start jobs, and tells how they ended: not at all, late, or twice. */
  async #manageRuntimes(which: 'some' | 'all' = 'some'): Promise<void> {
    const jobs = (await this.#redis.xrange(streams.startJobs, `(${this.#jobsSeen}`, '+')).map(readEntry);
    for (const { id, fields } of jobs) {
      this.#jobsSeen = id;
      const { job_id: jobId = '', game_id: gameId = '' } = fields;
      // Asked again, it says the same again.
      const earlier = this.#results.get(jobId);
      if (earlier !== undefined) {
        await this.#tell(streams.jobResults, earlier, 1);
        continue;
      }
      const started = !this.#oneIn(5);
      const result = {
        ...{
          job_id: jobId,
          game_id: gameId,
          kind: 'start',
          finished_at_ms: String(this.#lobby.now().getTime()),
        },
        ...(started
          ? { outcome: 'success', container_id: `c-${jobId}`, engine_endpoint: 'http://127.0.0.1:9' }
          : { outcome: 'failure', error_code: 'image_missing' }),
      };
      this.#results.set(jobId, result);
      if (this.#oneIn(3)) this.#late.push(result);
      else await this.#tell(streams.jobResults, result, this.#oneIn(4) ? 2 : 1);
    }
    while (this.#late.length > 0 && (which === 'all' || this.#oneIn(2))) {
      await this.#tell(streams.jobResults, this.#late.shift() ?? {}, this.#oneIn(4) ? 2 : 1);
    }
  }

  /** The Game Master reports turns, the latter ones first sometimes, until a game has ended. */
  async #playTurns(): Promise<void> {
    const played = this.#played[this.#roll(this.#played.length || 1)];
    if (played === undefined) return;
    const turns = this.#oneIn(4) ? [played.turn + 1, played.turn] : [played.turn];
    played.turn += turns.length;
    for (const turn of turns) await this.#report(played, 'runtime_snapshot_update', turn);
    if (played.turn > 4 && this.#oneIn(3)) await this.#report(played, 'game_finished', played.turn);
  }

  async #report({ gameId, jobId, players }: Played, event_type: string, turn: number): Promise<void> {
    const stats = players.map((user_id, index) => ({
      user_id,
      planets: 1 + (index % 2) * turn,
      population: 1 + (index % 2) * turn,
      ships_built: 0,
    }));
    const report = {
      event_id: `${jobId}:${event_type}:${turn}`,
      event_type,
      game_id: gameId,
      runtime_job_id: jobId,
      turn: String(turn),
      runtime_status: 'running',
      engine_health: 'ok',
      player_stats: JSON.stringify(stats),
      occurred_at_ms: String(this.#lobby.now().getTime()),
    };
    await this.#tell(streams.gmEvents, report, this.#oneIn(4) ? 2 : 1);
  }

  /** The user need not be new to being blocked. */
  async #block(): Promise<void> {
    if (this.#blocked.size >= 3) return;
    const { userId } = this.#pick(this.#people);
    this.#blocked.add(userId);
    this.#ids += 1;
    const event = {
      event_id: uuidOf(`block-${this.#ids}`),
      event_type: 'permanent_blocked',
      user_id: userId,
      reason_code: 'cheating',
      occurred_at_ms: String(this.#lobby.now().getTime()),
    };
    await this.#tell(streams.userLifecycle, event, this.#oneIn(2) ? 2 : 1);
  }

  async #senseless(): Promise<void> {
    this.#ids += 1;
    const gameId = uuidOf(`nowhere-${this.#ids}`);
    await this.#tell(streams.gmEvents, { event_id: gameId, game_id: gameId, turn: 'many' }, 1);
    const played = { gameId, jobId: gameId, players: [], turn: 1 };
    await this.#report(played, 'game_finished', 1);
    await this.#tell(
      streams.jobResults,
      { job_id: gameId, game_id: gameId, kind: 'start', outcome: 'success' },
      1,
    );
  }

  async #tell(stream: string, fields: Fields, times: number): Promise<void> {
    this.story.push(`told ${times} times in ${stream}: ${JSON.stringify(fields).slice(0, 200)}`);
    for (let time = 0; time < times; time += 1) {
      await this.#redis.xadd(stream, '*', ...Object.entries(fields).flat());
    }
  }

  /** Handles what comes next, now and then from further back; a crash leaves the offset where it was. */
  async #consume(
    { place, handle }: { place: { stream: string }; handle: (fields: Fields) => Promise<boolean> },
    count: number,
    order?: 'in order',
  ): Promise<void> {
    const rewind = order === undefined && this.#oneIn(8);
    const from = rewind ? '0' : (this.#offsets.get(place.stream) ?? '0');
    const entries: StreamEntry[] = (
      await this.#redis.xrange(place.stream, `(${from}`, '+', 'COUNT', rewind ? 200 : count)
    ).map(readEntry);
    for (const { id, fields } of entries) {
      try {
        const applied = await handle(fields);
        await this.#lobby.outbox.settled();
        this.story.push(`${place.stream} ${id}: ${applied ? 'handled' : 'put away'}`);
      } catch (error) {
        if (!isCrash(error)) throw error;
        this.story.push(`${place.stream} ${id}: died`);
        return;
      }
      if (!rewind) this.#offsets.set(place.stream, id);
    }
  }

  async #tick(): Promise<void> {
    this.#lobby.clock.advance(this.#roll(5) === 0 ? this.#roll(20) * hour : this.#roll(240_000));
    this.story.push(`tick at ${this.#lobby.now().toISOString()}`);
    const ticks = [
      closeDueEnrollments,
      notifyOwnersOfUnderfilledGames,
      failOverdueStarts,
      cancelIdleGames,
      resumeUnregisteredGames,
      expirePendingRegistrations,
    ];
    for (const tick of ticks) await this.#surviving(() => tick(this.#lobby, log, never));
  }

  async #outbox(): Promise<void> {
    if (this.#oneIn(6)) await this.#surviving(() => this.#lobby.outbox.publishAgain());
    await this.#surviving(() => this.#lobby.outbox.publishDue(never));
  }

  async #surviving(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isCrash(error)) throw error;
      this.story.push('died');
    }
    await this.#lobby.outbox.settled();
  }

  #oneIn(sides: number): boolean {
    return this.#roll(sides) === 0;
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#roll(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }
}

function handler<Entry>(lobby: TestLobby, consumer: Consumer<Entry, Tx>) {
  return (fields: Fields) => handleOnce(lobby, consumer, fields);
}

function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && isCrash(error.cause));
}

/** The same for the same text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A generator that gives the same numbers for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}
