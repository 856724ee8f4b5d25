import { Refusal } from '../errors/table.ts';
import type { Caller } from '../http/caller.ts';
import type { TransitionActor } from './domain/game.ts';

export type { Caller };

/** The id under which records name a caller; null for an admin without an id. */
export function actorId({ actor }: Caller): string | null {
  return actor.kind === 'user' ? actor.userId : (actor.adminId ?? null);
}

/**
 * On whose behalf a caller manages a game that they can see.
 * @throws Refusal `forbidden` unless the caller is its owner or an admin.
 */
export function managerOf({ actor }: Caller, game: { ownerUserId: string | null }): TransitionActor {
  if (actor.kind === 'admin') return 'admin';
  if (actor.userId === game.ownerUserId) return 'owner';
  throw new Refusal('forbidden', 'Only the owner of the game or an admin can do this.');
}
