// Idempotency-Key: a mutating request that is repeated with its key gets the first answer again instead of a second
// effect. The answer is kept in the transaction of the effect, so that both are there or neither is; whoever comes with
// the same key meanwhile waits for that transaction. Refusals are not kept: they changed nothing and may be tried
// again. A key belongs to the actor who sent it, and to one request; a route has one status for success, so the body
// is all there is to keep.
import { Refusal } from '../errors/table.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Lobby } from './context.ts';
import type { Work } from './store/database.ts';
import {
  claimKey,
  findResponse,
  forgetKeys,
  type IdempotencyKey,
  storeResponse,
} from './store/idempotency-keys.ts';

const keptMs = 24 * 3_600_000;
/** Each new key clears away this many old ones, so that they never pile up. */
const forgottenPerKey = 10;

/**
 * Answers a mutating request. `prepare` asks of others what has to be known before; it is not called when the answer
 * is there already, so that a repeat depends on nobody. Its `Work` runs in a transaction; what that writes into the
 * outbox, under the id that its result names, is published after the commit.
 * @param key undefined when the request came without one.
 * @param toResponse makes the body of the answer, as JSON.
 * @throws Refusal `idempotency_conflict` when the key came with another request before.
 */
export async function withIdempotencyKey<Result extends Subject, Answer>(
  lobby: Pick<Lobby, 'db' | 'now' | 'outbox'>,
  key: IdempotencyKey | undefined,
  prepare: () => Promise<Work<Result>> | Work<Result>,
  toResponse: (result: Result) => Answer,
): Promise<Answer> {
  if (key === undefined) {
    const result = await inTransaction(lobby.db, await prepare());
    lobby.outbox.publishSoon([orderingKeyOf(result)]);
    return toResponse(result);
  }

  const now = lobby.now();
  const notBefore = new Date(now.getTime() - keptMs);
  const earlierResponse = async (db: Parameters<typeof findResponse>[0]) => {
    const kept = await findResponse(db, key, notBefore);
    if (kept !== undefined && kept.fingerprint !== key.fingerprint) throw conflict(key);
    return kept;
  };

  const kept = await earlierResponse(lobby.db);
  // The same actor sent the same request to the same route, so this is what `toResponse` made for it.
  if (kept !== undefined) return kept.answer as Answer;

  let work: Work<Result>;
  try {
    work = await prepare();
  } catch (error) {
    // What is in its way may be what the first request has done meanwhile.
    const first = await earlierResponse(lobby.db);
    if (first === undefined) throw error;
    return first.answer as Answer;
  }
  const done = await inTransaction(lobby.db, async (tx) => {
    if (!(await claimKey(tx, key, now, notBefore))) {
      const first = await earlierResponse(tx);
      if (first === undefined) throw new Error(`The answer to the idempotency key ${key.key} is gone.`);
      return { answer: first.answer as Answer };
    }
    await forgetKeys(tx, notBefore, forgottenPerKey);
    const result = await work(tx);
    const answer = toResponse(result);
    await storeResponse(tx, key, answer);
    return { answer, orderingKey: orderingKeyOf(result) };
  });
  if (done.orderingKey !== undefined) lobby.outbox.publishSoon([done.orderingKey]);
  return done.answer;
}

/** What a request is about: a game, but for what is done about dead letters. */
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
