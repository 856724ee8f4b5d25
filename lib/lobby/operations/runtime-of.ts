import type { Container } from '../domain/runtime-reports.ts';
import type { Runtime } from '../peers/game-master.ts';
import type { Db } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { playersOf } from '../store/memberships.ts';

/** What the Game Master needs to play a game that has been started, in this container. */
export async function runtimeOf(db: Db, game: StoredGame, container: Container): Promise<Runtime> {
  const { gameId, runtimeJobId, early, spectators, options } = game;
  const { turnSchedule, timeZone, turnSeconds, minTurnSeconds, quietDays, graceSeconds } = game;
  if (runtimeJobId === null) throw new Error(`Game ${gameId} has no start job.`);
  const players = await playersOf(db, gameId);
  return {
    ...{
      gameId,
      runtimeJobId,
      ...container,
      turnSchedule,
      timeZone,
      turnSeconds,
      minTurnSeconds,
      quietDays,
      graceSeconds,
      early,
      spectators,
      options,
    },
    gameName: game.gameName,
    ownerUserId: game.ownerUserId,
    players,
  };
}
