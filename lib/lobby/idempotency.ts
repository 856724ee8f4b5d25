// Idempotency-Key: a mutating request that is repeated with its key gets the first response again instead of a second
// effect. The response is stored in the transaction of the effect, so that either both exist or neither does; a request
// with the same key waits for that transaction. Refusals are not stored: they changed nothing and may be tried again.
// A key belongs to the actor who sent it, and to one request; a route has one status for success, so only the body is
// stored.
import { Refusal } from '../errors/table.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Lobby } from './context.ts';
import type { Work } from './store/database.ts';
import {
  claimKey,
  deleteOldKeys,
  findResponse,
  type IdempotencyKey,
  storeResponse,
} from './store/idempotency-keys.ts';

const retentionMs = 24 * 3_600_000;
/** Each new key deletes this many old ones, so that they never pile up. */
const deletedPerKey = 10;

/**
 * Handles a mutating request. `prepare` asks peers for what the work needs; it is not called when a response is stored
 * already, so a repeat does not depend on peers. Its `Work` runs in a transaction; what that writes into the
 * outbox, under the id that its result names, is published after the commit.
 * @param key undefined when the request came without one.
 * @param toResponse makes the body of the response, as JSON.
 * @throws Refusal `idempotency_conflict` when the key came with another request before.
 */
export async function withIdempotencyKey<Result extends Subject, Body>(
  lobby: Pick<Lobby, 'db' | 'now' | 'outbox'>,
  key: IdempotencyKey | undefined,
  prepare: () => Promise<Work<Result>> | Work<Result>,
  toResponse: (result: Result) => Body,
): Promise<Body> {
  if (key === undefined) {
    const result = await inTransaction(lobby.db, await prepare());
    lobby.outbox.publishSoon([orderingKeyOf(result)]);
    return toResponse(result);
  }

  const now = lobby.now();
  const notBefore = new Date(now.getTime() - retentionMs);
  const earlierResponse = async (db: Parameters<typeof findResponse>[0]) => {
    const stored = await findResponse(db, key, notBefore);
    if (stored !== undefined && stored.fingerprint !== key.fingerprint) throw conflict(key);
    return stored;
  };

  const stored = await earlierResponse(lobby.db);
  // The same actor sent the same request to the same route, so this is what `toResponse` made for it.
  if (stored !== undefined) return stored.body as Body;

  let work: Work<Result>;
  try {
    work = await prepare();
  } catch (error) {
    // The failure may be an effect of the first request, which has committed since.
    const first = await earlierResponse(lobby.db);
    if (first === undefined) throw error;
    return first.body as Body;
  }
  const done = await inTransaction(lobby.db, async (tx) => {
    if (!(await claimKey(tx, key, now, notBefore))) {
      const first = await earlierResponse(tx);
      if (first === undefined)
        throw new Error(`The response stored for the idempotency key ${key.key} is missing.`);
      return { body: first.body as Body };
    }
    await deleteOldKeys(tx, notBefore, deletedPerKey);
    const result = await work(tx);
    const body = toResponse(result);
    await storeResponse(tx, key, body);
    return { body, orderingKey: orderingKeyOf(result) };
  });
  if (done.orderingKey !== undefined) lobby.outbox.publishSoon([done.orderingKey]);
  return done.body;
}

/** What a request is about: a game or a dead letter. */
type Subject = { readonly gameId: string } | { readonly deadLetterId: string };

function orderingKeyOf(subject: Subject): string {
  return 'gameId' in subject ? subject.gameId : subject.deadLetterId;
}

function conflict({ key }: IdempotencyKey): Refusal {
  return new Refusal(
    'idempotency_conflict',
    `The Idempotency-Key ${key} came with another request before. Use a new key for a new request.`,
  );
}
