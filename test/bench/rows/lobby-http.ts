// lobby.list, lobby.get, lobby.approve: what users ask of the lobby most, over HTTP, compared with the same SQL straight on the
// driver, in a process on the same core. PostgreSQL, Redis, the User Service and the load share the other core.
import type { Row } from '../entry.ts';
import { databaseWithGames } from '../lobby-database.ts';
import { databaseConnections, startLobbyProcess } from '../lobby-process.ts';
import { alternate, median, type Round, rate, round, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { LoopRound } from '../peers/closed-loop.ts';
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
      const { statements, prepared } = await floor.call(
        'connect',
        dsn,
        databaseConnections,
        games,
        operation,
      );

      const rounds = await alternate(
        scale,
        () => cpuDuring(pid, () => load.call(operation, { url, inFlight, ms, games })),
        () => cpuDuring(floor.pid, () => floor.call('run', inFlight, ms, true)),
      );
      const { figures, remarks } = throughput(rounds);
      const unprepared: LoopRound[] = [];
      while (prepared > 0 && unprepared.length < scale.rounds) {
        unprepared.push(await floor.call('run', inFlight, ms, false));
      }
      return {
        ...figures,
        note:
          `${what}; ${inFlight} in flight, ${games} games, ${databaseConnections} connections to PostgreSQL, ` +
          `statements by operation ${statements}, ${prepared} of them prepared; ${remarks}` +
          (prepared > 0 ? `; ${unpreparedRemark(rounds.measured, unprepared)}` : ''),
      };
    },
  };
}

/** How it compares with statements that are sent as the driver sends them by default. */
function unpreparedRemark(measured: readonly Round[], floor: readonly LoopRound[]): string {
  const [perSecond, floorPerSecond] = [median(measured.map(rate)), median(floor.map(rate))];
  return `with nothing prepared the floor makes ${round(floorPerSecond)} per second, ratio ${round(perSecond / floorPerSecond)}`;
}

export const lobbyList = lobbyRow('list', 'the first page of 50 games');
export const lobbyGet = lobbyRow('get', 'one game by its id');
export const lobbyApprove = lobbyRow('approve', 'an application and its approval, two requests');
