import type { Lobby } from '../context.ts';
import { type GameStatus, gameStatuses } from '../domain/game.ts';
import { partitionsFor } from '../domain/list-partitions.ts';
import { countIn } from '../store/game-counts.ts';

/** Most games of one list partition that are counted, so that the cost is bounded. */
const countedAtMost = 10_000;

export type GameCount = {
  readonly status: GameStatus;
  readonly count: number;
  /** Whether these are all. */
  readonly isComplete: boolean;
};

/** How many games there are, by status. */
export async function countGames({ readFromReplica }: Pick<Lobby, 'readFromReplica'>): Promise<GameCount[]> {
  const counts = await readFromReplica((db) => countIn(db, partitionsFor({}), countedAtMost + 1));
  return gameStatuses.map((status) => {
    const ofStatus = partitionsFor({ status }).map((partition) => counts.get(partition) ?? 0);
    return {
      status,
      count: ofStatus.reduce((sum, count) => sum + Math.min(count, countedAtMost), 0),
      isComplete: ofStatus.every((count) => count <= countedAtMost),
    };
  });
}
