import { Refusal } from '../errors/table.ts';
import type { AdminActor, UserActor } from '../http/env.ts';
import type { TransitionActor } from './domain/game.ts';
import type { RequestContext } from './request-context.ts';

/** Who makes a request, and the request's context. */
export type Caller = RequestContext & { readonly actor: UserActor | AdminActor };

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

/** A text that is unique to one actor. */
export function actorScope({ actor }: Caller): string {
  return actor.kind === 'user' ? `user:${actor.userId}` : `admin:${actor.adminId ?? ''}`;
}
