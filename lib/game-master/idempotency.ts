import { type IdempotencyKey, idempotencyKeysIn } from '../idempotency/store.ts';
import { type Handled, withIdempotencyKey as handleOnce } from '../idempotency/with-idempotency-key.ts';
import type { GameMaster } from './context.ts';
import type { Work } from './store/database.ts';
import { idempotencyKeys } from './store/schema.ts';

const keys = idempotencyKeysIn(idempotencyKeys);

/** Handles a mutating request once per key. */
export function withIdempotencyKey<Result extends object, Body>(
  { db }: Pick<GameMaster, 'db'>,
  key: IdempotencyKey | undefined,
  prepare: () => Promise<Work<Result>> | Work<Result>,
  toResponse: (result: Result) => Body,
): Promise<Handled<Result, Body>> {
  return handleOnce({ db, keys, now: () => new Date() }, key, prepare, toResponse);
}
