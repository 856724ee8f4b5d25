// Finds games that run and are not known here: all of them after an upgrade, and one whose registration got lost.
import type { GameMaster } from '../context.ts';
import { compareRuntimes, type Registration } from '../domain/registration.ts';
import type { ListedGame, Standing } from '../peers/lobby.ts';
import { knownRuntimes } from '../store/registrations.ts';
import { registerRuntime } from './register-runtime.ts';

const batchSize = 200;

/**
 * Registers games that the lobby lists and that are unknown, or known with an earlier runtime; changes no other.
 * @returns how many. @throws Error when the lobby cannot be asked.
 */
export async function recoverGames(
  gameMaster: Pick<GameMaster, 'db' | 'lobby' | 'log'>,
  stop: AbortSignal,
): Promise<number> {
  let found = 0;
  for (const status of ['running', 'paused'] as const) {
    let batch: ListedGame[] = [];
    for await (const game of gameMaster.lobby.games(status)) {
      batch.push(game);
      if (batch.length < batchSize) continue;
      found += await recover(gameMaster, batch, stop);
      batch = [];
      if (stop.aborted) return found;
    }
    found += await recover(gameMaster, batch, stop);
  }
  return found;
}

async function recover(
  { db, lobby, log }: Pick<GameMaster, 'db' | 'lobby' | 'log'>,
  listed: readonly ListedGame[],
  stop: AbortSignal,
): Promise<number> {
  if (listed.length === 0) return 0;
  const known = await knownRuntimes(
    db,
    listed.map(({ gameId }) => gameId),
  );
  let found = 0;
  for (const { gameId, runtimeJobId } of listed) {
    if (stop.aborted) return found;
    const knownJobId = known.get(gameId);
    if (runtimeJobId === null) continue;
    if (knownJobId !== undefined && compareRuntimes(runtimeJobId, knownJobId) !== 'newer') continue;
    const registration = registrationOf(await lobby.standing(gameId));
    if (registration === undefined) continue;
    const registered = await registerRuntime({ db }, registration);
    if (registered === 'known') continue;
    found += 1;
    log.info({ game_id: gameId, runtime_job_id: registration.runtimeJobId }, 'found a game that runs');
  }
  return found;
}

/** @returns undefined for a game that is over, and for one that the lobby has not registered yet. */
function registrationOf(standing: Standing | undefined): Registration | undefined {
  if (standing === undefined) return undefined;
  const { status, runtimeJobId, containerId, engineEndpoint, turnSchedule, turnSeconds } = standing;
  if (status !== 'running' && status !== 'paused') return undefined;
  if (runtimeJobId === null || containerId === null || engineEndpoint === null) return undefined;
  if (standing.registeredAt === null) return undefined;
  if ((turnSchedule === null) === (turnSeconds === null)) return undefined;
  return {
    gameId: standing.gameId,
    runtimeJobId,
    containerId,
    engineEndpoint,
    gameName: standing.gameName,
    ownerUserId: standing.ownerUserId,
    turnSchedule,
    timeZone: standing.timeZone,
    turnSeconds,
    minTurnSeconds: standing.minTurnSeconds,
    quietDays: standing.quietDays,
    graceSeconds: standing.graceSeconds,
    early: standing.early,
    spectators: standing.spectators,
    options: standing.options,
    seats: standing.seats.map(({ seat, userId, raceName }) => ({ seat, userId, label: raceName })),
    status,
    lobbyRevision: standing.revision,
    reportSeq: standing.reportSeq,
  };
}
