// platform.command, platform.list, platform.apply: what a command costs from the gateway to the stores and back, over all
// processes of the platform, compared with the same hops with nothing in them. `cpu_us_per_op` is the CPU time of the
// platform's processes; that of the stores is in the note.
import type pg from 'pg';
import { inBulk } from '../../support/stores/many-rows.ts';
import type { Bench, Row } from '../entry.ts';
import { fillWithGames } from '../lobby-database.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { CommandKind, CommandLoadCalls } from '../peers/command-load.ts';
import type { PipelineFloorCalls } from '../peers/pipeline-floor.ts';
import type { SessionResponse } from '../peers/upstreams.ts';
import { cpuShares, startWholePlatform, type WholePlatform, withCpu } from '../whole-platform.ts';

const inFlight = 32;
/** More than the floor can handle; the rest serves the next round. */
const signedPerSecond = 8_000;

function platformRow(name: string, kind: CommandKind, what: string): Row {
  return {
    name,
    async run(bench, running) {
      const { scale } = bench;
      const platform = await startWholePlatform(bench, running);
      const load = await startPeer<CommandLoadCalls>('command-load', bench.cores?.load, running);
      const sessions = await load.call('makeSessions', scale.sessions);
      await inBulk(platform.postgresDsn, async (client) => {
        await fillWithGames(client, scale.games);
        await insertSessions(client, sessions);
      });
      const floor = await startFloor(bench, platform, running);
      const commands = inFlight + Math.ceil((signedPerSecond * scale.roundMs) / 1000);
      const options = { connections: inFlight, inFlight, ms: scale.roundMs };
      const runOn = async ({ addr, serverKey }: { addr: string; serverKey: string }) => {
        await load.call('prepare', commands, kind, scale.games);
        return () => load.call('runCommands', { ...options, addr }, serverKey);
      };
      let payloadBytes = 0;
      const rounds = await alternate(
        // The platform is warm after some fifty thousand commands, of which a round is a thousand or two.
        { ...scale, warmUps: 5 * scale.warmUps },
        async () => {
          const run = await runOn({ addr: platform.grpcAddr, serverKey: platform.serverKey });
          const measured = await withCpu(bench, platform.pids, run);
          payloadBytes = measured.payloadBytes;
          return measured;
        },
        async () => {
          await floor.respondWith(payloadBytes);
          return withCpu(bench, floor.pids, await runOn(floor));
        },
      );
      const { figures, remarks } = throughput(rounds);
      return {
        ...figures,
        note:
          `${what}; ${inFlight} in flight on as many connections, ${scale.sessions} sessions, ${scale.games} games; ` +
          `CPU in µs per operation: ${cpuShares(rounds.measured)}; at the floor ${cpuShares(rounds.floor)}; ${remarks}`,
      };
    },
  };
}

export const platformCommand = platformRow('platform.command', 'get', 'one game by its id');
export const platformList = platformRow('platform.list', 'list', 'the first page of 50 games');
export const platformApply = platformRow('platform.apply', 'apply', 'an application for a public game');

async function startFloor(bench: Bench, platform: WholePlatform, running: AsyncDisposableStack) {
  const core = bench.cores?.measured;
  const service = await startPeer<PipelineFloorCalls>('pipeline-floor', core, running);
  const gateway = await startPeer<PipelineFloorCalls>('pipeline-floor', core, running);
  const serviceUrl = await service.call('serveService', platform.postgresDsn);
  const { addr: redisAddr, password } = bench.redis;
  const { addr, serverKey } = await gateway.call('serveGateway', {
    serviceUrl,
    redis: { addr: redisAddr, password },
    signerPath: platform.signerPath,
  });
  return {
    addr,
    serverKey,
    respondWith: (length: number) => service.call('respondWith', length),
    pids: { gateway: gateway.pid, service: service.pid },
  };
}

/** Users with a device session each. */
async function insertSessions(client: pg.Client, sessions: readonly SessionResponse[]): Promise<void> {
  await client.query(
    `insert into backend.users (user_id, email, locale, time_zone, created_at)
     select id, id || '@example.com', 'en', 'UTC', now() from unnest($1::uuid[]) as id`,
    [sessions.map(({ userId }) => userId)],
  );
  await client.query(
    `insert into backend.device_sessions (device_session_id, user_id, client_public_key, created_at)
     select *, now() from unnest($1::uuid[], $2::uuid[], $3::bytea[])`,
    [
      sessions.map(({ deviceSessionId }) => deviceSessionId),
      sessions.map(({ userId }) => userId),
      sessions.map(({ publicKey }) => Buffer.from(publicKey, 'base64')),
    ],
  );
}
