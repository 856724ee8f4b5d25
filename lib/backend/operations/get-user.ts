import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { userNotFound } from '../refusals.ts';
import { findUser } from '../store/users.ts';

/** Any user, blocked and deleted ones too. @throws Refusal not_found. */
export async function getUser(deps: Pick<BackendContext, 'db'>, userId: string): Promise<User> {
  const user = await findUser(deps.db, userId);
  if (user === undefined) throw userNotFound(userId);
  return user;
}
