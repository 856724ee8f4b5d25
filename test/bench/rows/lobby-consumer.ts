// lobby.consumer.gm_events: reports of the Game Master applied per second by the real worker, in order for each game,
// compared with the statements that apply them straight on the driver, in a process on the same core.
import { join } from 'node:path';
import { type ConsumedGame, insertConsumedGames } from '../consumed-games.ts';
import type { Row } from '../entry.ts';
import { createLobbyDatabase } from '../lobby-database.ts';
import { databaseConnections } from '../lobby-process.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer, startProcess } from '../peer.ts';
import type { ConsumerFloorCalls } from '../peers/consumer-floor.ts';
import type { ConsumerLoadCalls } from '../peers/consumer-load.ts';
import { cpuDuring } from '../system.ts';

const gamesPerSide = 200;
/** Games that the consumer works on side by side. */
const inFlight = 8;

export const lobbyConsumerGmEvents: Row = {
  name: 'lobby.consumer.gm_events',
  async run(bench, running) {
    const { cores, scale, redis } = bench;
    let games: ConsumedGame[] = [];
    const dsn = await createLobbyDatabase(bench, async (client) => {
      games = await insertConsumedGames(client, 2 * gamesPerSide);
    });
    const load = await startPeer<ConsumerLoadCalls>('consumer-load', cores?.load, running);
    await load.call('connect', redis.addr, redis.password, games.slice(0, gamesPerSide), scale.reportsAhead);
    const floor = await startPeer<ConsumerFloorCalls>('consumer-floor', cores?.measured, running);
    const statements = await floor.call('connect', dsn, databaseConnections, games.slice(gamesPerSide));
    const pid = await startProcess(
      {
        entry: 'workers/gm-lobby-events.ts',
        core: cores?.measured,
        logFile: join(bench.folder, 'gm-lobby-events.log'),
        listeners: [],
        env: {
          LOBBY_POSTGRES_PRIMARY_DSN: dsn,
          LOBBY_POSTGRES_MAX_OPEN_CONNS: String(databaseConnections),
          LOBBY_REDIS_MASTER_ADDR: redis.addr,
          LOBBY_REDIS_PASSWORD: redis.password,
          LOBBY_USER_SERVICE_BASE_URL: 'http://127.0.0.1:1',
          LOBBY_GM_BASE_URL: 'http://127.0.0.1:1',
        },
        ...(bench.nodeArgs === undefined ? {} : { nodeArgs: bench.nodeArgs }),
      },
      running,
    );

    const rounds = await alternate(
      scale,
      () => cpuDuring(pid, () => load.call('run', scale.roundMs)),
      async () => {
        // The two share a core, so the consumer has to have nothing to do.
        await load.call('drain', dsn);
        return cpuDuring(floor.pid, () => floor.call('run', inFlight, scale.roundMs));
      },
    );
    const readAlone = await load.call('readAlone');
    const { figures, remarks } = throughput(rounds);
    return {
      ...figures,
      note:
        `reports about ${gamesPerSide} games with 4 players, ${inFlight} games side by side, statements by report ` +
        `${statements}, and an event for the players each, which the floor does not publish; XREAD alone brings ` +
        `${readAlone} per second; ${remarks}`,
    };
  },
};
