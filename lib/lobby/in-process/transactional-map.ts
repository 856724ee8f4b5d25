// Rows in this process's memory that follow the transactions of PostgreSQL. Locks are PostgreSQL's own advisory locks,
// and PostgreSQL says whether a transaction has committed, so this map agrees with the database also after a deadlock,
// a failed statement or a connection that broke during the commit. For one process alone: no other one sees the rows.
import { sql } from 'drizzle-orm';
import { outcomeOf, transactionId } from '../../postgres/transaction.ts';
import type { Db, Tx } from '../store/database.ts';

type Transaction<Row> = {
  /** Knows the outcome of the transaction; a read replica may not. */
  readonly primary: Db;
  /** undefined until the first lock. */
  id: string | undefined;
  /** In order; undefined: deleted. */
  readonly changes: [id: string, row: Row | undefined][];
};

export class TransactionalMap<Row> {
  readonly #committed: Map<string, Row>;
  /** By the handles of the transaction itself and of the savepoints in it. */
  readonly #transactions = new WeakMap<Db, Transaction<Row>>();
  /** Those that have taken locks and that are not known to have ended. */
  readonly #open = new Set<Transaction<Row>>();

  constructor(rows: Iterable<readonly [id: string, row: Row]>) {
    this.#committed = new Map(rows);
  }

  /** The same database; rows can be changed only in transactions that begin with the returned handle. */
  follow(db: Db): Db {
    return withTransaction(db, (work, config) =>
      db.transaction((tx) => work(this.#join(tx, { primary: db, id: undefined, changes: [] })), config),
    );
  }

  /** The rows that `db` sees: all that are committed, and in a transaction its own changes. */
  async rows(db: Db): Promise<Row[]> {
    const own = this.#transactions.get(db);
    for (const transaction of this.#open) {
      if (transaction !== own) await this.#settle(transaction, own === undefined ? transaction.primary : db);
    }
    const rows = new Map(this.#committed);
    apply(own?.changes ?? [], rows);
    return [...rows.values()];
  }

  /** To be called before the rows that the locks protect are changed. The locks last as long as row locks. */
  async lock(tx: Tx, locks: readonly string[]): Promise<void> {
    const transaction = this.#transactionOf(tx);
    transaction.id ??= await transactionId(tx);
    this.#open.add(transaction);
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('galaxy.lobby.' || name, 0))
      from unnest(${sql.param(locks.toSorted())}::text[]) as name`);
  }

  set(tx: Tx, id: string, row: Row): void {
    this.#transactionOf(tx).changes.push([id, row]);
  }

  delete(tx: Tx, id: string): void {
    this.#transactionOf(tx).changes.push([id, undefined]);
  }

  /** Makes a handle, of a transaction or of a savepoint in it, known as one of `transaction`. */
  #join(tx: Tx, transaction: Transaction<Row>): Tx {
    const joined = withTransaction(tx, async (work) => {
      const before = transaction.changes.length;
      try {
        return await tx.transaction((savepoint) => work(this.#join(savepoint, transaction)));
      } catch (error) {
        transaction.changes.length = before;
        throw error;
      }
    });
    this.#transactions.set(joined, transaction);
    return joined;
  }

  #transactionOf(tx: Tx): Transaction<Row> {
    const transaction = this.#transactions.get(tx);
    if (transaction === undefined) {
      throw new TypeError('the transaction was not begun with the handle of follow()');
    }
    return transaction;
  }

  async #settle(transaction: Transaction<Row>, db: Db): Promise<void> {
    const { id, changes } = transaction;
    const outcome = id === undefined ? 'in progress' : await outcomeOf(db, id);
    if (outcome === 'in progress' || !this.#open.delete(transaction)) return;
    if (outcome === 'committed') apply(changes, this.#committed);
  }
}

function apply<Row>(changes: Transaction<Row>['changes'], rows: Map<string, Row>): void {
  for (const [id, row] of changes) {
    if (row === undefined) rows.delete(id);
    else rows.set(id, row);
  }
}

type Begin = <T>(work: (tx: Tx) => Promise<T>, config?: Parameters<Db['transaction']>[1]) => Promise<T>;

/** The same handle, except for how transactions, or savepoints, begin. */
function withTransaction<Handle extends Db>(handle: Handle, begin: Begin): Handle {
  return Object.create(handle, { transaction: { value: begin } });
}
