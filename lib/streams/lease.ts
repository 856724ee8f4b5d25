// Lets one of several replicas of a worker work, by a lease in PostgreSQL.
//
// Guarantees: at most one process holds a lease, as far as PostgreSQL's clock is concerned. A transaction that begins
// with `checkHeld` commits only while its process holds the lease: a process that takes over waits for it. After a
// process has died another takes over within `leaseMs` and `waitMs`; after a clean end, within `waitMs`.
import { randomUUID } from 'node:crypto';
import { and, eq, gt, isNull, lte, or, sql } from 'drizzle-orm';
import { pause } from '../node/pause.ts';
import type { Database } from '../outbox/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { StreamTables } from './tables.ts';

const leaseMs = 9_000;
const renewMs = 3_000;
const waitMs = 2_000;

/** The lease has passed to another process. */
export class LeaseLost extends Error {
  constructor(name: string) {
    super(`the lease of ${name} is held by another process`);
    this.name = 'LeaseLost';
  }
}

export type Lease = {
  /** To be called first in every transaction that has an effect. @throws LeaseLost */
  checkHeld(tx: Database): Promise<void>;
};

/**
 * Waits for the lease of `name`, runs `work` while it is held, and again whenever it has been regained. Runs until
 * `stop` aborts; never rejects.
 * @param work gets a signal that aborts when the lease is lost or `stop` aborts, and returns soon after.
 */
export async function whileLeased(
  options: { db: Database; consumers: StreamTables['consumers']; name: string; log: Logger },
  work: (lease: Lease, over: AbortSignal) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const { log, name } = options;
  const store = leaseStore(options, randomUUID());
  while (!stop.aborted) {
    try {
      if (await store.take()) {
        log.info({ worker: name }, 'lease taken');
        await holdAndWork(store, log, work, stop);
        await store.giveBack();
      }
    } catch (error) {
      log.warn({ error, worker: name }, 'the lease could not be kept; trying again');
    }
    await pause(waitMs, stop);
  }
}

type LeaseStore = ReturnType<typeof leaseStore>;

async function holdAndWork(
  store: LeaseStore,
  log: Logger,
  work: (lease: Lease, over: AbortSignal) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const over = AbortSignal.any([stop, lost.signal]);
  const renewing = renew(store, log, lost, over);
  try {
    await work({ checkHeld: store.checkHeld }, over);
  } finally {
    lost.abort();
    await renewing;
  }
}

/** Until `over` aborts. A renewal that fails is tried again; the lease is given up only when it has passed. */
async function renew(
  store: LeaseStore,
  log: Logger,
  lost: AbortController,
  over: AbortSignal,
): Promise<void> {
  let until = performance.now() + leaseMs;
  for (;;) {
    await pause(renewMs, over);
    if (over.aborted) return;
    const asked = performance.now();
    try {
      if (!(await store.renew())) {
        log.warn('the lease has passed to another process');
        lost.abort();
        return;
      }
      until = asked + leaseMs;
    } catch (error) {
      log.warn({ error }, 'the lease could not be renewed');
      if (performance.now() > until) lost.abort();
    }
  }
}

function leaseStore(
  { db, consumers, name }: { db: Database; consumers: StreamTables['consumers']; name: string },
  holder: string,
) {
  const now = sql`clock_timestamp()`;
  const until = sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;
  const mine = and(eq(consumers.name, name), eq(consumers.holder, holder));
  const free = or(isNull(consumers.heldUntil), lte(consumers.heldUntil, now), eq(consumers.holder, holder));
  return {
    async take(): Promise<boolean> {
      await db.insert(consumers).values({ name }).onConflictDoNothing();
      return db.transaction(async (tx) => {
        // This lock, unlike that of a plain update, waits for every transaction that has checked the lease.
        const [row] = await tx
          .select({ name: consumers.name })
          .from(consumers)
          .where(and(eq(consumers.name, name), free))
          .for('update');
        if (row === undefined) return false;
        await tx.update(consumers).set({ holder, heldUntil: until }).where(eq(consumers.name, name));
        return true;
      });
    },
    async renew(): Promise<boolean> {
      const renewed = await db
        .update(consumers)
        .set({ heldUntil: until })
        .where(and(mine, gt(consumers.heldUntil, now)))
        .returning({ name: consumers.name });
      return renewed.length > 0;
    },
    async giveBack(): Promise<void> {
      await db.update(consumers).set({ holder: null, heldUntil: null }).where(mine);
    },
    async checkHeld(tx: Database): Promise<void> {
      const [held] = await tx
        .select({ name: consumers.name })
        .from(consumers)
        .where(and(mine, gt(consumers.heldUntil, now)))
        // Shared, so that one process's transactions do not wait for each other, nor for a renewal.
        .for('key share');
      if (held === undefined) throw new LeaseLost(name);
    },
  };
}
