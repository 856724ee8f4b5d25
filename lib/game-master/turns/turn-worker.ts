// The turn worker: finds games for which there is something to do, claims them, and attends to many at once.
//
// Any number of workers may run. A claim is a worker and a ticket in the game's row; a worker renews a row of its own, and
// the claims of one that is overdue are freed by the others. What a worker decides counts only while its ticket is there,
// so one that was thought dead does no harm. Games whose last attempt failed wait apart from the others, and take a
// quarter of the places at most, so no number of engines that hang holds up the rest.

import { Semaphore } from '../../node/semaphore.ts';
import { sleep } from '../../node/sleep.ts';
import { backoffMs, runTicks } from '../../node/tick-loop.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { GameMaster } from '../context.ts';
import { turnsInLastMinute } from '../instruments.ts';
import type { Db, Tx } from '../store/database.ts';
import { anyGameToRemind, anyUnreportedGame, type Claim, claimGames, firstWaiting } from '../store/games.ts';
import { freeClaims, freeClaimsOfDead, removeWorker, renewWorker } from '../store/workers.ts';
import { attendGame } from './attend-game.ts';
import { remindOfDueTurns } from './remind.ts';
import { reportReadiness } from './report.ts';

export type TurnWorkerOptions = {
  /** Of this run: a UUID. */
  readonly workerId: string;
  /** How many games it attends to at once; those whose last attempt failed may take a quarter of it. */
  readonly engineCalls: number;
  readonly log: Logger;
};

/** A third of the time after which a worker counts as dead. */
const renewIntervalMs = 3_000;
const reportIntervalMs = 1_000;
const remindIntervalMs = 1_000;
/** Games become due without anybody telling, as when a seat becomes vacant. */
const longestSleepMs = 500;
const claimedAtOnce = 100;
/** Other work of the process needs connections, too. */
const transactionsAtOnce = 10;
const lobbyRequestsAtOnce = 32;

/** Runs until `stop` aborts and running steps have ended; never rejects. Any number of workers may run. */
export async function runTurnWorker(
  gm: GameMaster,
  options: TurnWorkerOptions,
  stop: AbortSignal,
): Promise<void> {
  const log = options.log.child({ worker: 'turns', worker_id: options.workerId });
  const places = new Places(options.engineCalls);
  // Claims are renewed until the last step has ended.
  const over = new AbortController();
  const renewing = runTicks(
    { name: 'claims', intervalMs: renewIntervalMs, tick: () => renew(gm, options.workerId, places), log },
    over.signal,
  );
  const reporting = runTicks(
    {
      name: 'readiness reports',
      intervalMs: reportIntervalMs,
      tick: () => inBatches(gm, anyUnreportedGame, reportReadiness),
      log,
    },
    stop,
  );
  const reminding = runTicks(
    {
      name: 'reminders',
      intervalMs: remindIntervalMs,
      tick: () => inBatches(gm, anyGameToRemind, remindOfDueTurns),
      log,
    },
    stop,
  );
  await claimUntilStopped({ ...gm, log }, options.workerId, places, stop);
  await Promise.all([places.empty(), reporting, reminding]);
  over.abort();
  await renewing;
  await removeWorker(gm.db, options.workerId).catch((error: unknown) =>
    log.warn({ error }, 'the claims of this worker end by themselves'),
  );
}

async function claimUntilStopped(
  gm: GameMaster,
  workerId: string,
  places: Places,
  stop: AbortSignal,
): Promise<void> {
  const attending = {
    timeoutMs: gm.engineTimeoutMs,
    goOn: () => !stop.aborted,
    database: new Semaphore(transactionsAtOnce),
    lobby: new Semaphore(lobbyRequestsAtOnce),
  };
  let alive = false;
  /** In which there may be games for which there is something to do. */
  let due: readonly Kind[] = kinds;
  for (let failures = 0; !stop.aborted; ) {
    try {
      // Claims of a worker without a row would be freed at once.
      if (!alive) await renewWorker(gm.db, workerId, turnsInLastMinute());
      alive = true;
      const freed = places.nextFreed();
      let claimed = 0;
      for (const kind of due) {
        const limit = Math.min(places.free(kind), claimedAtOnce);
        if (limit === 0) continue;
        claimed += await places.claiming.run(async () => {
          const claims = await claimGames(gm.db, kind, { workerId, limit });
          for (const claim of claims) places.take(kind, claim, attendGame(gm, claim, attending));
          return claims.length;
        });
      }
      failures = 0;
      if (claimed > 0) continue;
      const next = await nextDue(gm, places, due);
      const isFreed = next.inMs > 0 && (await freedOr(freed, next.inMs, stop));
      due = isFreed ? kinds : next.due;
    } catch (error) {
      failures += 1;
      gm.log.warn({ error, failures }, 'games could not be claimed');
      await sleep(backoffMs(failures, 5_000), stop);
    }
  }
}

/**
 * How long there is nothing to do, in milliseconds, unless a place becomes free, and the kinds of games that are due then.
 * @param tried kinds of which no game could be claimed just now.
 */
async function nextDue(
  gm: GameMaster,
  places: Places,
  tried: readonly Kind[],
): Promise<{ inMs: number; due: Kind[] }> {
  const waiting = await firstWaiting(gm.db);
  const waits = kinds.flatMap((kind) => {
    const ms = waiting[kind];
    return ms === undefined || places.free(kind) === 0 ? [] : [{ kind, ms }];
  });
  // Just after it, since timers may be early. A game that another worker claims just now may still be listed.
  const soonest = Math.max(Math.min(...waits.map(({ ms }) => ms)) + 1, tried.length > 0 ? 5 : 0);
  const inMs = Math.min(soonest, longestSleepMs);
  return { inMs, due: waits.flatMap(({ kind, ms }) => (ms <= inMs ? [kind] : [])) };
}

async function renew({ db }: GameMaster, workerId: string, places: Places): Promise<void> {
  await renewWorker(db, workerId, turnsInLastMinute());
  // Such as of a step whose last transaction failed.
  await places.claiming.run(() => freeClaims(db, workerId, places.tokens()));
  await freeClaimsOfDead(db);
}

/**
 * @param isNeeded whether there is such a game; a statement without a transaction, since usually there is none.
 * @param work writes messages about a batch of games.
 * @returns once no more are found.
 */
async function inBatches(
  gm: GameMaster,
  isNeeded: (db: Db) => Promise<boolean>,
  work: (tx: Tx, gm: GameMaster) => Promise<string[]>,
): Promise<void> {
  while (await isNeeded(gm.db)) {
    const gameIds = await inTransaction(gm.db, (tx) => work(tx, gm));
    if (gameIds.length === 0) return;
    gm.outbox.publishSoon(gameIds);
  }
}

/** Resolves when a place is freed, with true, after `ms`, or when `stop` aborts. */
async function freedOr(freed: Promise<void>, ms: number, stop: AbortSignal): Promise<boolean> {
  const slept = new AbortController();
  const isFreed = await Promise.race([
    freed.then(() => true),
    sleep(ms, AbortSignal.any([stop, slept.signal])).then(() => false),
  ]);
  slept.abort();
  return isFreed;
}

const kinds = ['healthy', 'failing'] as const;
type Kind = (typeof kinds)[number];

/** The games that are attended to. */
class Places {
  readonly #limits: Record<Kind, number>;
  readonly #running = new Map<string, { readonly kind: Kind; readonly ended: Promise<void> }>();
  #failing = 0;
  #freed = Promise.withResolvers<void>();
  /** Held from a claim until its game is among those that are attended to. */
  readonly claiming = new Semaphore(1);

  constructor(limit: number) {
    this.#limits = { healthy: limit, failing: Math.max(1, Math.floor(limit / 4)) };
  }

  free(kind: Kind): number {
    const all = this.#limits.healthy - this.#running.size;
    return Math.max(0, kind === 'healthy' ? all : Math.min(all, this.#limits.failing - this.#failing));
  }

  take(kind: Kind, { token }: Claim, attending: Promise<void>): void {
    if (kind === 'failing') this.#failing += 1;
    const ended = attending.finally(() => {
      this.#running.delete(token);
      if (kind === 'failing') this.#failing -= 1;
      this.#freed.resolve();
    });
    this.#running.set(token, { kind, ended });
  }

  tokens(): string[] {
    return [...this.#running.keys()];
  }

  /** Resolves when a place becomes free from now on. */
  nextFreed(): Promise<void> {
    this.#freed = Promise.withResolvers<void>();
    return this.#freed.promise;
  }

  async empty(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }
}
