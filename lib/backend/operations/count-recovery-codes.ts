import type { BackendContext } from '../context.ts';
import * as store from '../store/recovery-codes.ts';
import { getAccount } from './get-account.ts';

/** How many recovery codes the user has left. @throws Refusal as for `getAccount`. */
export async function countRecoveryCodes(deps: Pick<BackendContext, 'db'>, userId: string): Promise<number> {
  await getAccount(deps, userId);
  return store.countRecoveryCodes(deps.db, userId);
}
