// game.due.100k: what a turn worker asks PostgreSQL to find 100 games that are due among so many that run, compared with
// the same among the fewest; in a process on the core that is measured, with PostgreSQL on the other.
import type { Row } from '../entry.ts';
import { createGameDatabase } from '../game-database.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { DueGamesCalls } from '../peers/due-games.ts';
import { shortNumber } from '../table.ts';

const due = 100;
const fewest = 1_000;

export function gameDue(games: number): Row {
  return {
    name: `game.due.${shortNumber(games)}`,
    async run(bench, running) {
      const { cores, scale } = bench;
      const few = Math.min(games / 2, fewest);
      const looksAmong = async (count: number) => {
        const dsn = await createGameDatabase(bench, count);
        const peer = await startPeer<DueGamesCalls>('due-games', cores?.measured, running);
        await peer.call('connect', dsn);
        return () => peer.call('run', count, Math.min(due, few / 2), scale.looksPerRound);
      };
      const [among, amongFew] = [await looksAmong(games), await looksAmong(few)];
      const { figures, remarks } = throughput(await alternate(scale, among, amongFew));
      return { ...figures, note: `${due} games due of ${games} that run, against ${few}; ${remarks}` };
    },
  };
}
