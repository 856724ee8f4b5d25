// Idempotency-Key: a mutating request that is repeated with its key gets the first response again instead of a second
// effect. The response is stored in the transaction of the effect, so that either both exist or neither does; a request
// with the same key waits for that transaction. Refusals are not stored: they changed nothing and may be tried again.
// A key belongs to the actor who sent it, and to one request; a route has one status for success, so only the body is
// stored.
import { Refusal } from '../errors/table.ts';
import { together } from '../postgres/together.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Database, IdempotencyKey, IdempotencyKeys, Tx } from './store.ts';

const retentionMs = 24 * 3_600_000;
/** Each new key deletes this many old ones, so that they never pile up. */
const deletedPerKey = 10;

/** What a request does in its transaction. Runs again after a deadlock, so it acts on nothing but the database. */
export type Work<Result> = (tx: Tx) => Promise<Result>;

/** `result` is undefined when the body was stored by an earlier request. */
export type Handled<Result, Body> = { readonly body: Body; readonly result: Result | undefined };

/**
 * Handles a mutating request. `prepare` asks peers for what the work needs; it is not called when a response is stored
 * already, so a repeat does not depend on peers. Its `Work` runs in a transaction.
 * @param key undefined when the request came without one.
 * @param toResponse makes the body of the response, as JSON.
 * @throws Refusal `idempotency_conflict` when the key came with another request before.
 */
export async function withIdempotencyKey<Result extends object, Body>(
  { db, keys, now: clock }: { db: Database; keys: IdempotencyKeys; now: () => Date },
  key: IdempotencyKey | undefined,
  prepare: () => Promise<Work<Result>> | Work<Result>,
  toResponse: (result: Result) => Body,
): Promise<Handled<Result, Body>> {
  if (key === undefined) {
    const result = await inTransaction(db, await prepare());
    return { body: toResponse(result), result };
  }

  const now = clock();
  const notBefore = new Date(now.getTime() - retentionMs);
  const earlierResponse = async (from: Database) => {
    const stored = await keys.findResponse(from, key, notBefore);
    if (stored !== undefined && stored.fingerprint !== key.fingerprint) throw conflict(key);
    // The same actor sent the same request to the same route, so this is what `toResponse` made for it.
    return stored && { body: stored.body as Body, result: undefined };
  };

  const stored = await earlierResponse(db);
  if (stored !== undefined) return stored;

  let work: Work<Result>;
  try {
    work = await prepare();
  } catch (error) {
    // The failure may be an effect of the first request, which has committed since.
    const first = await earlierResponse(db);
    if (first === undefined) throw error;
    return first;
  }
  return inTransaction(db, async (tx: Tx) => {
    const [isClaimed] = await together(
      tx,
      () => keys.claimKey(tx, key, now, notBefore),
      () => keys.deleteOldKeys(tx, notBefore, deletedPerKey),
    );
    if (!isClaimed) {
      const first = await earlierResponse(tx);
      if (first === undefined)
        throw new Error(`The response stored for the idempotency key ${key.key} is missing.`);
      return first;
    }
    const result = await work(tx);
    const body = toResponse(result);
    await keys.storeResponse(tx, key, body);
    return { body, result };
  });
}

function conflict({ key }: IdempotencyKey): Refusal {
  return new Refusal(
    'idempotency_conflict',
    `The Idempotency-Key ${key} came with another request before. Use a new key for a new request.`,
  );
}
