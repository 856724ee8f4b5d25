// Makes one of several replicas of a worker the active one, by a lease in PostgreSQL.
//
// Guarantees: a transaction that begins with `checkHeld` commits only while no other process has taken the lease, since
// taking it waits for such transactions: they share an advisory lock that the taker holds alone. (A shared lock of the
// row would cost a MultiXact for each transaction.) A process that does not renew its lease in time, by PostgreSQL's clock, loses
// it to a replica that waits: after a crash another takes over within `leaseMs` plus `waitMs`, after a clean stop
// within `waitMs`. While no other replica waits, a delayed holder continues.
import { randomUUID } from 'node:crypto';
import { and, eq, isNull, lte, or, sql } from 'drizzle-orm';
import { sleep } from '../node/sleep.ts';
import type { Database } from '../outbox/store.ts';
import { statement } from '../postgres/statement.ts';
import { together } from '../postgres/together.ts';
import type { Logger } from '../telemetry/logger.ts';
import { throttled } from '../telemetry/throttled.ts';
import type { StreamTables } from './tables.ts';

const leaseMs = 9_000;
const renewMs = 3_000;
const waitMs = 2_000;
/** While a taker waits, no transaction of the one before can begin. */
const takeWaitMs = 2_000;
const logEveryMs = 30_000;

/** The lease has passed to another process. */
export class LeaseLost extends Error {
  constructor(name: string) {
    super(`the lease of ${name} is held by another process`);
    this.name = 'LeaseLost';
  }
}

export type Lease = {
  /** Must be the first statement of every transaction that has an effect. @throws LeaseLost */
  checkHeld(tx: Database): Promise<void>;
};

/**
 * Waits for the lease of `name` and runs `work` while it is held; starts again after the lease was lost. Runs until
 * `stop` aborts; never rejects.
 * @param work gets a signal that aborts when the lease is lost or `stop` aborts, and must return soon after.
 */
export async function whileLeased(
  options: { db: Database; consumers: StreamTables['consumers']; name: string; log: Logger },
  work: (lease: Lease, over: AbortSignal) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const store = leaseStore(options, randomUUID());
  let failure: unknown;
  const logFailure = throttled(logEveryMs, (times) =>
    options.log.warn({ error: failure, times }, 'the lease could not be taken; trying again'),
  );
  const failed = (error: unknown) => {
    failure = error;
    logFailure();
  };
  while (!stop.aborted) {
    try {
      if (await store.take()) {
        options.log.info('lease taken');
        await holdAndWork(store, work, { failed, log: options.log }, stop);
      }
    } catch (error) {
      failed(error);
    }
    await sleep(waitMs, stop);
  }
}

type LeaseStore = ReturnType<typeof leaseStore>;

async function holdAndWork(
  store: LeaseStore,
  work: (lease: Lease, over: AbortSignal) => Promise<void>,
  { failed, log }: { failed: (error: unknown) => void; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const over = AbortSignal.any([stop, lost.signal]);
  const lose = () => {
    if (!over.aborted) log.warn('the lease has passed to another process');
    lost.abort();
  };
  const renewing = (async () => {
    for (;;) {
      await sleep(renewMs, over);
      if (over.aborted) return;
      await store.renew().then((mine) => mine || lose(), failed);
    }
  })();
  try {
    await work(
      {
        async checkHeld(tx) {
          if (await store.isHeld(tx)) return;
          lose();
          throw new LeaseLost(store.name);
        },
      },
      over,
    );
  } finally {
    lost.abort();
    await renewing;
    await store.release();
  }
}

function leaseStore(
  { db, consumers, name }: { db: Database; consumers: StreamTables['consumers']; name: string },
  holder: string,
) {
  const until = sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;
  const mine = and(eq(consumers.name, name), eq(consumers.holder, holder));
  const over = lte(consumers.heldUntil, sql`clock_timestamp()`);
  const free = and(
    eq(consumers.name, name),
    or(isNull(consumers.heldUntil), over, eq(consumers.holder, holder)),
  );
  const lockKey = sql`hashtextextended('galaxy.lease.' || ${name}::text, 0)`;
  // Every transaction of a consumer begins with these two.
  const share = statement(`share_lease_${name}`, (tx: Database) =>
    tx.select({ lock: sql`pg_advisory_xact_lock_shared(${lockKey})` }).from(sql`(select 1) as one`),
  );
  const findMine = statement(`find_lease_${name}`, (tx: Database) =>
    tx.select({ name: consumers.name }).from(consumers).where(mine),
  );
  const renewMine = statement(`renew_lease_${name}`, (on: Database) =>
    on.update(consumers).set({ heldUntil: until }).where(mine).returning({ name: consumers.name }),
  );
  return {
    name,
    async take(): Promise<boolean> {
      await db.insert(consumers).values({ name }).onConflictDoNothing();
      const [seen] = await db.select({ name: consumers.name }).from(consumers).where(free);
      if (seen === undefined) return false;
      return db.transaction(async (tx) => {
        await tx.execute(sql`select set_config('lock_timeout', ${`${takeWaitMs}ms`}, true)`);
        await tx.execute(sql`select pg_advisory_xact_lock(${lockKey})`);
        const taken = await tx
          .update(consumers)
          .set({ holder, heldUntil: until })
          .where(free)
          .returning({ name: consumers.name });
        return taken.length > 0;
      });
    },
    /** @returns false when another process has taken it. */
    async renew(): Promise<boolean> {
      return (await renewMine(db, {})).length > 0;
    },
    async release(): Promise<void> {
      await db.update(consumers).set({ holder: null, heldUntil: null }).where(mine);
    },
    async isHeld(tx: Database): Promise<boolean> {
      const [, [held]] = await together(
        tx,
        () => share(tx, {}),
        // A statement of its own: it has to see what a taker committed while the lock was waited for.
        () => findMine(tx, {}),
      );
      return held !== undefined;
    },
  };
}
