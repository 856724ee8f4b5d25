import { recordAct } from '../../audit/audit.ts';
import { invalidFields } from '../../http/field-problems.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { mayCreate } from '../domain/eligibility.ts';
import { type GameSettings, type GameType, settingsProblems, typeProblems } from '../domain/game.ts';
import { engineProblems } from '../domain/game-engine.ts';
import { refuseUnless } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { countGamesOwned, insertGame, type StoredGame } from '../store/games.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUserGuard } from '../store/user-guards.ts';

export type GameRequest = { readonly gameType: GameType; readonly settings: GameSettings };

/**
 * Makes a draft. It belongs to the user who makes it; an admin's game is public and has no owner.
 * @throws Refusal `invalid_request`, `not_eligible`, `subject_not_found`, `service_unavailable`.
 */
export async function createGame(
  lobby: Pick<Lobby, 'catalogue' | 'eligibility' | 'minTurnIntervalMs' | 'now' | 'newId'>,
  caller: Caller,
  request: GameRequest,
): Promise<Work<StoredGame>> {
  const problems = [
    ...settingsProblems(request.settings, lobby.now(), lobby.minTurnIntervalMs),
    ...typeProblems(request.gameType, request.settings),
    ...engineProblems(request.settings, lobby.catalogue),
  ];
  if (problems.length > 0) throw invalidFields(problems);

  const { actor } = caller;
  if (actor.kind === 'admin') {
    if (request.gameType === 'private') {
      throw invalidFields([{ field: 'game_type', problem: 'must be public; a private game needs an owner' }]);
    }
    return async (tx) => {
      const game = draft(lobby, request, null);
      await insertGame(tx, game);
      await recordAct(tx, auditEntries, caller, {
        action: 'game.create',
        subject: { kind: 'game', id: game.gameId },
        after: { status: game.status, revision: game.revision },
      });
      return game;
    };
  }

  const eligibility = await lobby.eligibility.lookup(actor.userId, caller);
  return async (tx) => {
    await lockUserGuard(tx, actor.userId);
    refuseUnless(mayCreate(eligibility, request.gameType, await countGamesOwned(tx, actor.userId)));
    const game = draft(lobby, request, actor.userId);
    await insertGame(tx, game);
    return game;
  };
}

function draft(
  { now, newId }: Pick<Lobby, 'now' | 'newId'>,
  { gameType, settings }: GameRequest,
  ownerUserId: string | null,
): StoredGame {
  const at = now();
  return {
    ...settings,
    gameId: newId(),
    gameType,
    ownerUserId,
    status: 'draft',
    activeMembers: 0,
    openedAt: null,
    gapOpenedAt: null,
    currentTurn: null,
    runtimeStatus: null,
    engineHealth: null,
    snapshotAt: null,
    reportSeq: null,
    dueAt: null,
    closesAt: null,
    awaitedSeats: null,
    readySeats: null,
    result: null,
    runtimeJobId: null,
    containerId: null,
    engineEndpoint: null,
    boundAt: null,
    registeredAt: null,
    startExpiresAt: null,
    createdAt: at,
    updatedAt: at,
    startedAt: null,
    finishedAt: null,
    revision: 1,
  };
}
