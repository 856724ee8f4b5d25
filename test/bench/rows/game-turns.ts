// game.turns: turns played per second by one turn worker, when all games are due at one time and their engines respond at
// once, compared with the same SQL and HTTP calls straight on the drivers, in a process on the same core.
// game.turns.hung: the same while the engines of a tenth of the games hang, compared with a worker that has only the others.
import { join } from 'node:path';
import { idOf } from '../../support/stores/many-rows.ts';
import type { Bench, Row } from '../entry.ts';
import { createGameDatabase } from '../game-database.ts';
import { alternate, type Round, throughput } from '../measure.ts';
import { type Peer, startPeer, startProcess } from '../peer.ts';
import type { TurnFloorCalls } from '../peers/turn-floor.ts';
import type { TurnWorldCalls } from '../peers/turn-world.ts';
import { cpuDuring } from '../system.ts';

/** As many games as the floor plays side by side, and transactions as the worker and its floor have at once. */
const [inFlight, transactions] = [20, 10] as const;

export const gameTurns: Row = {
  name: 'game.turns',
  async run(bench, running) {
    const games = bench.scale.turns;
    const { world, url, play } = await startWorker(bench, games, running);
    const floor = await startPeer<TurnFloorCalls>('turn-floor', bench.cores?.measured, running);
    const floorDsn = await createGameDatabase(bench, games + 1, enginesAt(`${url}/floor`));
    const statements = await floor.call('connect', floorDsn, transactions, url, games + 1);
    const { figures, remarks } = throughput(
      await alternate(
        bench.scale,
        () => play(games, 0),
        async () => {
          // The two share a core, so the worker has to have nothing to do.
          await world.call('settle');
          return cpuDuring(floor.pid, () => floor.call('run', games, inFlight));
        },
      ),
    );
    return {
      ...figures,
      note:
        `${games} games with two seats due at one time; ${statements} statements and two HTTP calls a turn, and a report ` +
        `and an event for the players, which the floor does not publish; ${remarks}`,
    };
  },
};

export const gameTurnsHung: Row = {
  name: 'game.turns.hung',
  async run(bench, running) {
    const games = bench.scale.turns;
    const hung = games / 10;
    const { play } = await startWorker(bench, games, running);
    const { figures, remarks } = throughput(
      await alternate(
        bench.scale,
        () => play(games - hung, hung),
        () => play(games - hung, 0),
      ),
    );
    return {
      ...figures,
      note: `turns of ${games - hung} games while the engines of ${hung} others hang, against without; ${remarks}`,
    };
  },
};

type Worker = {
  readonly world: Peer<TurnWorldCalls>;
  /** Of lobby and engines. */
  readonly url: string;
  readonly play: (healthy: number, hung: number) => Promise<Round>;
};

const enginesAt = (url: string) => ({ engine_endpoint: `'${url}/' || ${idOf('n')}` });

async function startWorker(bench: Bench, games: number, running: AsyncDisposableStack): Promise<Worker> {
  const world = await startPeer<TurnWorldCalls>('turn-world', bench.cores?.load, running);
  const url = await world.call('listen');
  const dsn = await createGameDatabase(bench, games, enginesAt(`${url}/engine`));
  await world.call('connect', dsn);
  const pid = await startProcess(
    {
      entry: 'workers/game-turns.ts',
      core: bench.cores?.measured,
      logFile: join(bench.folder, 'game-turns.log'),
      listeners: [],
      env: {
        GM_POSTGRES_PRIMARY_DSN: dsn,
        GM_REDIS_ADDR: bench.redis.addr,
        GM_REDIS_PASSWORD: bench.redis.password,
        GM_LOBBY_BASE_URL: url,
      },
      ...(bench.nodeArgs === undefined ? {} : { nodeArgs: bench.nodeArgs }),
    },
    running,
  );
  return { world, url, play: (healthy, hung) => cpuDuring(pid, () => world.call('playDue', healthy, hung)) };
}
