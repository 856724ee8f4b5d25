// Finds games that are to be played and are not known here: those of the process before this one, and one whose
// registration was answered by a process that died before the lobby had noted it down.
import type { Logger } from '../telemetry/logger.ts';
import type { Games } from './games.ts';
import type { LobbyClient } from './lobby-client.ts';

/** One tick of the recovery worker. @throws Error when the lobby cannot be asked. */
export async function recoverGames(
  { lobby, games, log }: { lobby: LobbyClient; games: Games; log: Logger },
  stop: AbortSignal,
): Promise<void> {
  let found = 0;
  for (const status of ['running', 'paused'] as const) {
    for await (const game of lobby.games(status)) {
      if (stop.aborted) return;
      if (games.recover(game)) found += 1;
    }
  }
  if (found > 0) log.info({ games: found }, 'games found that were not known here');
}
