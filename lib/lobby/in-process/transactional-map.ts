// Rows in this process's memory that come and go with the transactions of PostgreSQL: what a transaction has changed is
// there for itself only until it commits, and gone when it, or its savepoint, is rolled back. For one process alone:
// another one sees none of it.
//
// Guarantees, for transactions of the handle that `follow` returns: they see what was committed before they got the
// locks that they hold, in PostgreSQL as here; whoever wants a lock that another has waits for the end of that
// transaction. A wait that takes too long ends as a deadlock does, since one may be crossed with a wait in PostgreSQL,
// which cannot know of it; `inTransaction` tries again. When a connection breaks during a commit, PostgreSQL is asked
// what became of it before anybody builds on it.
import { sleep } from '../../node/sleep.ts';
import { deadlockDetected, outcomeOf, transactionId } from '../../postgres/transaction.ts';
import type { Db, Tx } from '../store/database.ts';

/** As long as PostgreSQL waits before it looks for a deadlock. */
const longestWaitMs = 1_000;

/** undefined: deleted. */
type Changes<Row> = Map<string, Row | undefined>;

type Transaction<Row> = {
  readonly changes: Changes<Row>;
  /** Known, and looked at, from when it is to be committed. */
  id: string | undefined;
  /** Resolves when PostgreSQL has answered, or will not. */
  readonly answered: PromiseWithResolvers<void>;
  /** Aborts when its changes and locks are settled. */
  readonly ended: AbortController;
};

/** A transaction (the outermost level) or a savepoint in it. */
type Level<Row> = {
  readonly transaction: Transaction<Row>;
  readonly changes: Changes<Row>;
  readonly outer: Level<Row> | undefined;
};

export class TransactionalMap<Row> {
  readonly #committed: Map<string, Row>;
  readonly #levels = new WeakMap<Db, Level<Row>>();
  readonly #lockedBy = new Map<string, Transaction<Row>>();
  readonly #committing = new Set<Transaction<Row>>();
  readonly #inDoubt = new Set<Transaction<Row>>();

  constructor(rows: Iterable<readonly [id: string, row: Row]>) {
    this.#committed = new Map(rows);
  }

  /** The same database; only within transactions that are begun with it can rows be changed. */
  follow(db: Db): Db {
    return withTransaction(db, async (work, config) => {
      const transaction: Transaction<Row> = {
        changes: new Map(),
        id: undefined,
        answered: Promise.withResolvers(),
        ended: new AbortController(),
      };
      try {
        const result = await db.transaction(async (tx) => {
          const done = await work(
            this.#followLevel(tx, { transaction, changes: transaction.changes, outer: undefined }),
          );
          if (transaction.changes.size > 0) {
            // Fails, too, where PostgreSQL would answer the commit of a transaction in which something failed before
            // with a silent rollback.
            transaction.id = await transactionId(tx);
            this.#committing.add(transaction);
          }
          return done;
        }, config);
        this.#end(transaction, 'committed');
        return result;
      } catch (error) {
        // Only a commit whose answer was lost leaves anything in doubt.
        if (transaction.id === undefined) this.#end(transaction, 'rolled back');
        else this.#inDoubt.add(transaction);
        throw error;
      } finally {
        this.#committing.delete(transaction);
        transaction.answered.resolve();
      }
    });
  }

  /** The rows that are there for `db`. */
  async rows(db: Db): Promise<Row[]> {
    const level = this.#levels.get(db);
    if (level === undefined) return [...this.#committed.values()];
    await this.#catchUp(db);
    const rows: Changes<Row> = new Map(this.#committed);
    for (const changes of changesUpTo(level)) for (const [id, row] of changes) rows.set(id, row);
    return [...rows.values()].filter((row) => row !== undefined);
  }

  set(tx: Tx, id: string, row: Row): void {
    this.#levelOf(tx).changes.set(id, row);
  }

  delete(tx: Tx, id: string): void {
    this.#levelOf(tx).changes.set(id, undefined);
  }

  /** Keeps others from getting any of these locks until the transaction ends, savepoint or not. */
  async lock(tx: Tx, locks: readonly string[]): Promise<void> {
    const { transaction } = this.#levelOf(tx);
    await this.#catchUp(tx);
    for (const lock of locks.toSorted()) {
      for (;;) {
        const holder = this.#lockedBy.get(lock);
        if (holder === undefined || holder === transaction) break;
        await endOf(holder);
      }
      this.#lockedBy.set(lock, transaction);
    }
  }

  #followLevel(tx: Tx, level: Level<Row>): Tx {
    const followed = withTransaction(tx, async (work) => {
      const changes: Changes<Row> = new Map();
      const inner = { transaction: level.transaction, changes, outer: level };
      const result = await tx.transaction((savepoint) => work(this.#followLevel(savepoint, inner)));
      for (const [id, row] of changes) level.changes.set(id, row);
      return result;
    });
    this.#levels.set(followed, level);
    return followed;
  }

  #levelOf(tx: Tx): Level<Row> {
    const level = this.#levels.get(tx);
    if (level === undefined) throw new TypeError('the transaction was not begun with the handle of follow()');
    return level;
  }

  /**
   * What PostgreSQL has committed is known here a moment later. Somebody who got a lock there because of that commit
   * must not see things as they were before it.
   */
  async #catchUp(db: Db): Promise<void> {
    await Promise.all(Array.from(this.#committing, ({ answered }) => answered.promise));
    for (const transaction of this.#inDoubt) {
      const outcome = await outcomeOf(db, transaction.id ?? '');
      if (outcome === 'in progress') throw blocked('one whose connection broke has not ended yet');
      if (this.#inDoubt.delete(transaction)) this.#end(transaction, outcome);
    }
  }

  #end(transaction: Transaction<Row>, outcome: 'committed' | 'rolled back'): void {
    for (const [id, row] of outcome === 'committed' ? transaction.changes : []) {
      if (row === undefined) this.#committed.delete(id);
      else this.#committed.set(id, row);
    }
    for (const [lock, holder] of this.#lockedBy) if (holder === transaction) this.#lockedBy.delete(lock);
    transaction.ended.abort();
  }
}

type Begin = <T>(work: (tx: Tx) => Promise<T>, config?: Parameters<Db['transaction']>[1]) => Promise<T>;

/** The same handle, but for how transactions, or savepoints, begin. */
function withTransaction<Handle extends Db>(handle: Handle, begin: Begin): Handle {
  return Object.create(handle, { transaction: { value: begin } });
}

/** From the outermost to this one. */
function changesUpTo<Row>({ outer, changes }: Level<Row>): Changes<Row>[] {
  return [...(outer === undefined ? [] : changesUpTo(outer)), changes];
}

async function endOf({ ended: { signal } }: Transaction<unknown>): Promise<void> {
  await sleep(longestWaitMs, signal);
  if (!signal.aborted) throw blocked(`another one has kept what it wants for ${longestWaitMs} ms`);
}

/** As PostgreSQL tells of a deadlock. */
function blocked(why: string): Error {
  return Object.assign(new Error(`The transaction cannot go on: ${why}.`), { code: deadlockDetected });
}
