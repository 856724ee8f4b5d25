// lobby.list, lobby.get, lobby.approve: what users ask of the lobby most, over HTTP, beside the same SQL straight on the
// driver, in a process on the same core. PostgreSQL, Redis, the User Service and the load share the other core.
import type { Row } from '../entry.ts';
import { databaseWithGames } from '../lobby-database.ts';
import { databaseConnections, startLobbyProcess } from '../lobby-process.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { LobbyFloorCalls, Operation } from '../peers/lobby-floor.ts';
import type { LobbyLoadCalls } from '../peers/lobby-load.ts';
import { cpuDuring } from '../system.ts';

const inFlight = 64;

function lobbyRow(operation: Operation, what: string): Row {
  return {
    name: `lobby.${operation}`,
    async run(bench, running) {
      const { cores, scale } = bench;
      const { roundMs: ms, games } = scale;
      const dsn = await databaseWithGames(bench);
      const { pid, url } = await startLobbyProcess(bench, dsn, running);
      const load = await startPeer<LobbyLoadCalls>('lobby-load', cores?.load, running);
      const floor = await startPeer<LobbyFloorCalls>('lobby-floor', cores?.measured, running);
      const statements = await floor.call('connect', dsn, databaseConnections, games, operation);

      const rounds = await alternate(
        scale,
        () => cpuDuring(pid, () => load.call(operation, { url, inFlight, ms, games })),
        () => cpuDuring(floor.pid, () => floor.call('run', inFlight, ms)),
      );
      const { figures, remarks } = throughput(rounds);
      return {
        ...figures,
        note:
          `${what}; ${inFlight} in flight, ${games} games, ${databaseConnections} connections to PostgreSQL, ` +
          `statements by operation ${statements}; ${remarks}`,
      };
    },
  };
}

export const lobbyList = lobbyRow('list', 'the first page of 50 games');
export const lobbyGet = lobbyRow('get', 'one game by its id');
export const lobbyApprove = lobbyRow('approve', 'an application and its approval, two requests');
