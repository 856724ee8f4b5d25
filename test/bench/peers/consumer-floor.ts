// The floor of lobby.consumer.gm_events: the very statements by which the consumer applies one report, recorded from its
// code once, then sent straight on the driver for other games and reports.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { gmEventsConsumer } from '../../../lib/lobby/consumers/gm-events.ts';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { aborted } from '../../../lib/node/process.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { type Lease, whileLeased } from '../../../lib/streams/lease.ts';
import { markProcessed } from '../../../lib/streams/store.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { statementsOf } from '../../support/stores/statements.ts';
import { benchLobby } from '../bench-lobby.ts';
import { type ConsumedGame, reportOf } from '../consumed-games.ts';
import { serveCalls } from '../peer.ts';
import { type Ids, type Step, sendAll, stepsOf } from '../recorded-statements.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

const consumer = 'floor';
let pool: pg.Pool | undefined;
let steps: readonly Step[] = [];
let games: readonly ConsumedGame[] = [];
let turn = 0;

const idsOf = (game: ConsumedGame, eventId: string): Ids => [
  game.gameId,
  game.jobId,
  ...game.userIds,
  eventId,
];

async function record(client: pg.Pool, lease: Lease, game: ConsumedGame): Promise<Step[]> {
  const lobby = benchLobby(client);
  const eventId = randomUUID();
  const { handle } = gmEventsConsumer(lobby, { name: 'gm_events', stream: '', offsetKey: '' });
  const transaction: Parameters<typeof handle>[1]['transaction'] = (work) =>
    inTransaction(lobby.db, async (tx) => {
      await lease.checkHeld(tx);
      return work(tx);
    });
  const statements = await statementsOf(async () => {
    await handle(reportOf(game, eventId, 1), {
      traceparent: undefined,
      transaction,
      apply: (id, work) =>
        transaction(async (tx) => ((await markProcessed(tx, tables, consumer, id)) ? work(tx) : undefined)),
    });
  });
  await lobby.outbox.settled();
  const commit = statements.findIndex(({ text }) => text === 'commit');
  return stepsOf(statements.slice(0, commit + 1), idsOf(game, eventId));
}

const calls = {
  /** Records an entry. @returns how many statements it is. */
  async connect(dsn: string, connections: number, given: readonly ConsumedGame[]): Promise<number> {
    const client = new pg.Pool({ connectionString: dsn, max: connections });
    pool = client;
    const [first, ...others] = given;
    if (first === undefined) throw new Error('there are no games');
    games = others;
    const { db } = benchLobby(client);
    const log = createLogger({ service: 'floor', level: 'error' });
    const { promise: recorded, resolve, reject } = Promise.withResolvers<Step[]>();
    // Holds the lease as long as this process lives, as a consumer does.
    void whileLeased(
      { db, consumers: tables.consumers, name: consumer, log },
      async (lease, over) => {
        await record(client, lease, first).then(resolve, reject);
        await aborted(over);
      },
      new AbortController().signal,
    );
    steps = await recorded;
    return steps.length;
  },

  run: (inFlight: number, ms: number): Promise<LoopRound> =>
    closedLoop(inFlight, ms, async () => {
      const game = games[turn % games.length];
      turn += 1;
      if (pool === undefined || game === undefined) throw new Error('connect first');
      await sendAll(pool, steps, idsOf(game, randomUUID()));
    }),
};
export type ConsumerFloorCalls = typeof calls;
serveCalls(calls);
