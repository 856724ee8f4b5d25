// The lobby's three consumers for tests: on real streams, against the lobby of a test file.
import { randomUUID } from 'node:crypto';
import { gmEventsConsumer } from '../../../lib/lobby/consumers/gm-events.ts';
import { runtimeResultsConsumer } from '../../../lib/lobby/consumers/runtime-results.ts';
import { userLifecycleConsumer } from '../../../lib/lobby/consumers/user-lifecycle.ts';
import { type ConsumerName, consumerStreams } from '../../../lib/lobby/process/consumer-streams.ts';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { runConsumer } from '../../../lib/streams/consumer.ts';
import { compareEntryIds } from '../../../lib/streams/entry.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { createTestRedis } from '../stores/redis.ts';
import type { TestLobby } from './lobby.ts';

type Fields = Readonly<Record<string, unknown>>;

export type LobbyConsumers = {
  readonly redis: Redis;
  /** Adds entries to a consumer's stream; what is not text is written as JSON. @returns the id of the last one. */
  add(consumer: ConsumerName, ...entries: Fields[]): Promise<string>;
  /** Adds entries, and waits until they have been dealt with. */
  tell(consumer: ConsumerName, ...entries: Fields[]): Promise<void>;
  /** The entry that tells how a start job ended: well, unless `changes` say otherwise. */
  resultOf(gameId: string, jobId: string, changes?: Fields): Fields;
  /** Tells it. */
  tellResult(gameId: string, jobId: string, changes?: Fields): Promise<void>;
  /** Tells what the Game Master reports of a game. @returns the entry, to be told again. */
  tellReport(gameId: string, jobId: string, changes?: Fields): Promise<Fields>;
  deadLetters(): Promise<{ consumer: string; reason: string }[]>;
  stop(): Promise<void>;
};

const streams = {
  gmEvents: 'gm:lobby_events',
  jobResults: 'runtime:job_results',
  userLifecycle: 'user:lifecycle_events',
};

export async function startLobbyConsumers(lobby: TestLobby): Promise<LobbyConsumers> {
  const server = await createTestRedis();
  const { host, port, password, db } = server;
  const redis = await openRedis({ addr: { host, port }, password, db, operationTimeoutMs: 5_000 }, () => {});
  const log = createLogger({ service: 'test', level: 'silent' });
  const parts = { db: lobby.db, tables, redis, blockMs: 1_000, operationTimeoutMs: 5_000, log };
  const places = consumerStreams(streams);
  const over = new AbortController();
  const running = Promise.all([
    runConsumer(gmEventsConsumer(lobby, places.gm_events), parts, over.signal),
    runConsumer(runtimeResultsConsumer(lobby, places.runtime_results, log), parts, over.signal),
    runConsumer(userLifecycleConsumer(lobby, places.user_lifecycle), parts, over.signal),
  ]);

  const add = async (consumer: ConsumerName, ...entries: Fields[]) => {
    let last = '';
    for (const entry of entries) {
      const fields = Object.entries(entry).flatMap(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      last = (await redis.xadd(places[consumer].stream, '*', ...fields)) ?? '';
    }
    return last;
  };
  const tell = async (consumer: ConsumerName, ...entries: Fields[]) => {
    const { offsetKey } = places[consumer];
    const last = await add(consumer, ...entries);
    const deadline = Date.now() + 15_000;
    for (;;) {
      const offset = await redis.get(offsetKey);
      if (offset !== null && compareEntryIds(offset, last) >= 0) break;
      if (Date.now() > deadline) throw new Error(`${consumer} has not dealt with ${JSON.stringify(entries)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await lobby.outbox.settled();
  };
  const resultOf: LobbyConsumers['resultOf'] = (gameId, jobId, changes = {}) => ({
    job_id: jobId,
    game_id: gameId,
    kind: 'start',
    outcome: 'success',
    container_id: `container-of-${jobId}`,
    engine_endpoint: 'http://127.0.0.1:9',
    finished_at_ms: lobby.now().getTime(),
    ...changes,
  });

  return {
    redis,
    add,
    tell,
    resultOf,
    tellResult: (gameId, jobId, changes) => tell('runtime_results', resultOf(gameId, jobId, changes)),
    async tellReport(gameId, jobId, changes = {}) {
      const report = {
        event_id: randomUUID(),
        event_type: 'runtime_snapshot_update',
        game_id: gameId,
        runtime_job_id: jobId,
        turn: 1,
        runtime_status: 'running',
        engine_health: 'ok',
        player_stats: [],
        occurred_at_ms: lobby.now().getTime(),
        ...changes,
      };
      await tell('gm_events', report);
      return report;
    },
    async deadLetters() {
      const { rows } = await lobby.pool.query(
        'select consumer, reason from lobby.dead_letters order by created_at, dead_letter_id',
      );
      return rows;
    },
    async stop() {
      over.abort();
      await running;
      redis.disconnect();
      await server.drop();
    },
  };
}
