import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { accountBlocked, noSuchUser } from '../refusals.ts';
import { findUser } from '../store/users.ts';

/**
 * The user who makes a request, if they may act.
 * @throws Refusal unauthenticated when there is no such user, or they were deleted; account_blocked.
 */
export async function getAccount(deps: Pick<BackendContext, 'db'>, userId: string): Promise<User> {
  return requireActing(await findUser(deps.db, userId));
}

/** @throws Refusal as for `getAccount`. */
export function requireActing(user: User | undefined): User {
  if (user === undefined || user.deletedAt !== null) throw noSuchUser();
  if (user.blockedAt !== null) throw accountBlocked();
  return user;
}
