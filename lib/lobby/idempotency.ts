import { type IdempotencyKey, idempotencyKeysIn } from '../idempotency/store.ts';
import { withIdempotencyKey as handleOnce } from '../idempotency/with-idempotency-key.ts';
import type { Lobby } from './context.ts';
import type { Work } from './store/database.ts';
import { idempotencyKeys } from './store/schema.ts';

const keys = idempotencyKeysIn(idempotencyKeys);

/**
 * Handles a mutating request once per key. What its work writes into the outbox, under the id that its result names,
 * is published after the commit.
 */
export async function withIdempotencyKey<Result extends Subject, Body>(
  lobby: Pick<Lobby, 'db' | 'now' | 'outbox'>,
  key: IdempotencyKey | undefined,
  prepare: () => Promise<Work<Result>> | Work<Result>,
  toResponse: (result: Result) => Body,
): Promise<Body> {
  const { db, now, outbox } = lobby;
  const { body, result } = await handleOnce({ db, keys, now }, key, prepare, toResponse);
  if (result !== undefined) outbox.publishSoon([orderingKeyOf(result)]);
  return body;
}

/** What a request is about: a game, a dead letter or a withheld name. */
type Subject =
  | { readonly gameId: string }
  | { readonly deadLetterId: string }
  | { readonly withheldNameId: string };

function orderingKeyOf(subject: Subject): string {
  if ('gameId' in subject) return subject.gameId;
  return 'deadLetterId' in subject ? subject.deadLetterId : subject.withheldNameId;
}
