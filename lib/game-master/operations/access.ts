// What a caller may do with a game. The lobby says so, in one read per request, and without it nothing is shown or
// taken. Admins see every game, but hold no seat.
import { Refusal } from '../../errors/table.ts';
import type { Caller } from '../../http/caller.ts';
import type { GameMaster } from '../context.ts';
import type { Access } from '../peers/lobby.ts';
import { gameNotRunning, noSeat, noSuchGame } from '../refusals.ts';
import type { StoredGame } from '../store/games.ts';

/** @throws Refusal `not_found` for a game that is not for the caller to see; `service_unavailable`. */
export async function accessOf(
  gm: Pick<GameMaster, 'lobby' | 'log'>,
  caller: Caller,
  gameId: string,
): Promise<Access> {
  const access = await askLobby(gm, caller, gameId).catch((error: unknown) => {
    gm.log.warn({ error, request_id: caller.requestId, game_id: gameId }, 'access could not be looked up');
    throw new Refusal('service_unavailable', 'The lobby cannot be asked about this game right now.');
  });
  if (access === undefined || !access.visible) throw noSuchGame();
  return access;
}

async function askLobby(
  { lobby }: Pick<GameMaster, 'lobby'>,
  { actor, traceparent }: Caller,
  gameId: string,
): Promise<Access | undefined> {
  if (actor.kind === 'user') return lobby.access(gameId, actor.userId, traceparent);
  const standing = await lobby.standing(gameId);
  if (standing === undefined) return undefined;
  const { status, runtimeJobId } = standing;
  return {
    gameId,
    status,
    runtimeJobId,
    visible: true,
    seat: null,
    member: false,
    owner: false,
    spectators: true,
  };
}

/** The seat of a caller who plays. @throws Refusal `forbidden` */
export function seatOf({ seat }: Access): number {
  if (seat === null) throw noSeat();
  return seat;
}

/**
 * The game as it is known here, once the runtime that the lobby has for it was set up.
 * @throws Refusal `game_not_running`
 */
export function requireSetUp<Game extends Pick<StoredGame, 'phase' | 'runtimeJobId'>>(
  access: Access,
  game: Game | undefined,
): Game {
  if (game === undefined || game.phase === 'setting_up' || game.runtimeJobId !== access.runtimeJobId) {
    throw gameNotRunning(access.status);
  }
  return game;
}

/** Whether the lobby has ended the game. */
export function hasEnded({ status }: Access): boolean {
  return status === 'finished' || status === 'cancelled';
}
