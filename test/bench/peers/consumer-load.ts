// The load of lobby.consumer.gm_events: fills the stream with reports about many games, and counts by the offset how
// many have been applied.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { gmEventEntry } from '../../../lib/protocol/gm-events.ts';
import { fieldsOf } from '../../../lib/protocol/stream-fields.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { compareEntryIds } from '../../../lib/streams/entry.ts';
import { type ConsumedGame, reportOf } from '../consumed-games.ts';
import type { Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';

const stream = 'gm:lobby_events';
const offsetKey = 'lobby:stream_offsets:gm_events';
let redis: Redis | undefined;
/** Entries that wait while the consumer is measured. */
let ahead = 0;
let games: readonly ConsumedGame[] = [];
const added: string[] = [];
let handled = 0;
let next = 0;

function connection(): Redis {
  if (redis === undefined) throw new Error('connect first');
  return redis;
}

async function add(count: number): Promise<void> {
  const pipeline = connection().pipeline();
  for (let index = 0; index < count; index += 1) {
    const game = games[next % games.length];
    if (game === undefined) throw new Error('there are no games');
    const turn = 1 + Math.floor(next / games.length);
    next += 1;
    pipeline.xadd(
      stream,
      '*',
      ...fieldsOf(gmEventEntry, reportOf(game, randomUUID(), turn)),
      'traceparent',
      '',
    );
  }
  for (const [error, id] of (await pipeline.exec()) ?? []) {
    if (error !== null) throw error;
    added.push(String(id));
  }
}

/** How many of the added entries have taken effect. */
async function countHandled(): Promise<number> {
  const offset = await connection().get(offsetKey);
  if (offset === null) return 0;
  while (handled < added.length && compareEntryIds(added[handled] ?? '', offset) <= 0) handled += 1;
  return handled;
}

/** Refills the stream until more entries have been handled. @returns how many. */
async function nextMove(): Promise<number> {
  const before = await countHandled();
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (added.length - handled < ahead) await add(ahead / 8);
    if ((await countHandled()) > before) return handled;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('the consumer handles nothing');
}

const calls = {
  async connect(
    addr: string,
    password: string,
    given: readonly ConsumedGame[],
    reportsAhead: number,
  ): Promise<void> {
    const [host = '', port] = addr.split(':');
    const options = { addr: { host, port: Number(port) }, password, operationTimeoutMs: 10_000 };
    redis = await openRedis(options, () => {});
    await redis.del(stream, offsetKey);
    games = given;
    ahead = reportsAhead;
  },

  /** From one move of the offset to another, at least `ms` later: it moves in portions. */
  async run(ms: number): Promise<Omit<Round, 'cpuMicros'>> {
    const before = await nextMove();
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    let after = before;
    while (performance.now() - startedAt < ms) after = await nextMove();
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    return { n: after - before, elapsedMs, loadShare: (user + system) / 1_000 / elapsedMs };
  },

  /** Waits until everything has been handled. @throws Error unless each game is at the turn of its last report. */
  async drain(dsn: string): Promise<void> {
    const deadline = Date.now() + 60_000;
    while ((await countHandled()) < added.length) {
      if (Date.now() > deadline) throw new Error(`${added.length - handled} entries are left`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const pool = new pg.Pool({ connectionString: dsn, max: 1 });
    try {
      for (const [index, { gameId }] of games.entries()) {
        const reported = Math.ceil((next - index) / games.length);
        const { rows } = await pool.query('select current_turn from lobby.games where game_id = $1', [
          gameId,
        ]);
        // One that no report was about is at none.
        if ((rows[0]?.current_turn ?? 0) !== reported) {
          throw new Error(`game ${gameId} is at turn ${rows[0]?.current_turn}, not ${reported}`);
        }
      }
    } finally {
      await pool.end();
    }
  },

  /** Entries per second that XREAD alone brings, in portions of a hundred as the consumer reads them. */
  async readAlone(): Promise<number> {
    let offset = '0-0';
    let entries = 0;
    const startedAt = performance.now();
    for (;;) {
      const reply = await connection().xread('COUNT', 100, 'STREAMS', stream, offset);
      const read = reply?.[0]?.[1] ?? [];
      const last = read.at(-1);
      if (last === undefined) break;
      entries += read.length;
      offset = last[0];
    }
    return Math.round((entries * 1_000) / (performance.now() - startedAt));
  },
};
export type ConsumerLoadCalls = typeof calls;
serveCalls(calls);
