// lobby.race_name.10k, .1m, .10m: checking and reserving a race name in a directory with so many, compared with one with the
// fewest; in a process on the core that is measured, with PostgreSQL on the other.
import type pg from 'pg';
import { idOf, insertGames, insertRows, randomId } from '../../support/stores/many-rows.ts';
import type { Row } from '../entry.ts';
import { createLobbyDatabase } from '../lobby-database.ts';
import { alternate, throughput } from '../measure.ts';
import { type Peer, startPeer } from '../peer.ts';
import type { RaceNamesCalls } from '../peers/race-names.ts';
import { cpuDuring } from '../system.ts';
import { shortNumber } from '../table.ts';

const inFlight = 16;

export function lobbyRaceName(names: number): Row {
  return {
    name: `lobby.race_name.${shortNumber(names)}`,
    async run(bench, running) {
      const { cores, scale } = bench;
      const fewest = Math.min(names, scale.fewest);
      const directoryWith = async (count: number): Promise<Peer<RaceNamesCalls>> => {
        const dsn = await createLobbyDatabase(bench, (client) => insertNames(client, count));
        const peer = await startPeer<RaceNamesCalls>('race-names', cores?.measured, running);
        await peer.call('connect', dsn, inFlight);
        return peer;
      };
      const [many, few] = [await directoryWith(names), await directoryWith(fewest)];
      const reserve = async (peer: Peer<RaceNamesCalls>) => {
        const round = await cpuDuring(peer.pid, () => peer.call('run', inFlight, scale.roundMs));
        // The load is what is measured.
        const { loadShare: _, ...measured } = round;
        return measured;
      };
      const rounds = await alternate(
        scale,
        () => reserve(many),
        () => reserve(few),
      );
      const { figures, remarks } = throughput(rounds);
      return { ...figures, note: `${inFlight} at a time, ${names} names against ${fewest}; ${remarks}` };
    },
  };
}

/** Names of so many users, all from one game. */
async function insertNames(client: pg.Client, count: number): Promise<void> {
  await insertGames(client, 1, 1);
  const series = `generate_series(1, ${count}) n`;
  const names = { name: `'Vega ' || n`, folded: `'vega ' || n`, skeleton: `'veqa ' || n` };
  await insertRows(client, 'lobby.race_names', series, {
    ...names,
    race_name_id: idOf('n'),
    kind: `'reservation'`,
    user_id: randomId('n'),
    game_id: idOf('1'),
    held_since: 'now()',
  });
  for (const kind of ['folded', 'skeleton'] as const) {
    const key = { kind: `'${kind}'`, key: names[kind], user_id: randomId('n') };
    await insertRows(client, 'lobby.race_name_keys', series, key);
  }
}
