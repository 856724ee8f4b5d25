// Deletes what nobody needs any more, and writes the words of games that have none in the present form, for the ticks
// of workers/pending-registration-expirer.ts.
//
// A sweep goes through all games by their ids, in batches. Whatever it does with a game is done under its lock and
// leaves it so that the next sweep has nothing to do, so several replicas and a crash at any point are safe. Locked games
// are left for the next sweep. Deletions come in pieces, each a transaction of its own: none holds locks for long.
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import {
  type Cutoffs,
  deleteDraft,
  deleteSomeHistory,
  endHistory,
  forgetSomeDecisions,
  type GameInSweep,
  listGamesToSweep,
  makeWords,
} from '../store/retention.ts';

const batchSize = 1_000;
const wordsAtOnce = 20;
const rowsAtOnce = 1_000;

/** How long what is over is kept. */
export type Retention = {
  readonly draftsMs: number;
  readonly endedGamesMs: number;
  /** Of applications and invites to games that go on. */
  readonly decisionsMs: number;
};

type Sweeper = Pick<Lobby, 'db' | 'now'>;

/** Goes through all games once, or until `stop` aborts. */
export async function sweepGames(
  lobby: Sweeper,
  retention: Retention,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  const now = lobby.now();
  const before = (ms: number) => new Date(now.getTime() - ms);
  const cutoffs = {
    drafts: before(retention.draftsMs),
    endedGames: before(retention.endedGamesMs),
    decisions: before(retention.decisionsMs),
  };
  const done = { drafts_deleted: 0, histories_deleted: 0, decisions_forgotten: 0, words_made: 0 };
  let last: string | undefined;
  while (!stop.aborted) {
    const games = await listGamesToSweep(lobby.db, last, cutoffs, batchSize);
    const kept = games.filter((game) => !game.isForgottenDraft);
    done.drafts_deleted += await deleteDrafts(lobby, games, cutoffs, log, stop);
    done.histories_deleted += await deleteHistories(lobby, kept, stop);
    done.decisions_forgotten += await forgetDecisions(lobby, kept, cutoffs, stop);
    done.words_made += await makeAllWords(lobby, kept, stop);
    last = games.at(-1)?.gameId;
    if (games.length < batchSize) break;
  }
  if (Object.values(done).some((count) => count > 0)) log.info(done, 'swept games');
}

async function deleteDrafts(
  { db }: Sweeper,
  games: readonly GameInSweep[],
  cutoffs: Cutoffs,
  log: Logger,
  stop: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (const { gameId, isForgottenDraft } of games) {
    if (!isForgottenDraft || stop.aborted) continue;
    try {
      if (await inTransaction(db, (tx) => deleteDraft(tx, gameId, cutoffs))) deleted += 1;
    } catch (error) {
      log.error({ error, game_id: gameId }, 'a draft could not be deleted');
    }
  }
  return deleted;
}

async function deleteHistories(
  { db, now }: Sweeper,
  games: readonly GameInSweep[],
  stop: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (const { gameId, hasOldHistory } of games) {
    if (!hasOldHistory) continue;
    let more = true;
    while (more && !stop.aborted) {
      more = await inTransaction(db, (tx) => deleteSomeHistory(tx, gameId, rowsAtOnce));
    }
    if (more) return deleted;
    await inTransaction(db, (tx) => endHistory(tx, gameId, now()));
    deleted += 1;
  }
  return deleted;
}

/** @returns of how many games. */
async function forgetDecisions(
  { db }: Sweeper,
  games: readonly GameInSweep[],
  cutoffs: Cutoffs,
  stop: AbortSignal,
): Promise<number> {
  let done = 0;
  for (const { gameId, hasOldDecisions } of games) {
    if (!hasOldDecisions) continue;
    let more = true;
    while (more && !stop.aborted) {
      more = await inTransaction(db, (tx) => forgetSomeDecisions(tx, gameId, cutoffs, rowsAtOnce));
    }
    if (more) return done;
    done += 1;
  }
  return done;
}

async function makeAllWords(
  { db }: Sweeper,
  games: readonly GameInSweep[],
  stop: AbortSignal,
): Promise<number> {
  const stale = games.filter((game) => !game.hasCurrentWords).map(({ gameId }) => gameId);
  for (let from = 0; from < stale.length && !stop.aborted; from += wordsAtOnce) {
    await inTransaction(db, (tx) => makeWords(tx, stale.slice(from, from + wordsAtOnce)));
  }
  return stale.length;
}
