// lobby.tick.10k, .100k, .1m: a tick of the enrollment automation that finds 100 games due among so many that enroll,
// compared with one that finds them among the fewest; in a process on the core that is measured, with PostgreSQL on the other.
import { insertGames } from '../../support/stores/many-rows.ts';
import type { Row } from '../entry.ts';
import { createLobbyDatabase } from '../lobby-database.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { EnrollmentTicksCalls } from '../peers/enrollment-ticks.ts';
import { shortNumber } from '../table.ts';

const due = 100;

export function lobbyTick(games: number): Row {
  return {
    name: `lobby.tick.${shortNumber(games)}`,
    async run(bench, running) {
      const { cores, scale } = bench;
      const fewest = Math.min(games, scale.fewest);
      const ticksAmong = async (count: number) => {
        const dsn = await createLobbyDatabase(bench, (client) => insertGames(client, 1, count));
        const peer = await startPeer<EnrollmentTicksCalls>('enrollment-ticks', cores?.measured, running);
        await peer.call('connect', dsn);
        return () => peer.call('run', count, Math.min(due, count / 2), scale.ticksPerRound);
      };
      const [many, few] = [await ticksAmong(games), await ticksAmong(fewest)];
      const { figures, remarks } = throughput(await alternate(scale, many, few));
      return { ...figures, note: `${due} games due of ${games} open ones, against ${fewest}; ${remarks}` };
    },
  };
}
