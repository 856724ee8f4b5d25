import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { listUsers as listStoredUsers } from '../store/users.ts';

export type UserPage = {
  users: User[];
  /** Where the next page begins. */
  next: string | undefined;
};

/** Users whose address or handle has this prefix, newest first; blocked and, without a prefix, deleted ones too. */
export async function listUsers(
  deps: Pick<BackendContext, 'db'>,
  search: { email: string | undefined; handle: string | undefined },
  page: { size: number; before: string | undefined },
): Promise<UserPage> {
  const found = await listStoredUsers(deps.db, {
    emailPrefix: search.email,
    handlePrefix: search.handle,
    before: page.before,
    limit: page.size + 1,
  });
  const users = found.slice(0, page.size);
  return { users, next: found.length > page.size ? users.at(-1)?.userId : undefined };
}
