// platform.fanout: deliveries of events from the push log in Redis over the push process and a gateway to streams on a
// connection each, an event to the 16 streams of one user at a time, compared with bare grpc-js streams that write bytes made
// before. `cpu_us_per_op` is the CPU time of push process and gateway for a delivery; each process and Redis are in the
// note. Redis runs the appends, too; what they cost their sender is not counted.
import type { Row } from '../entry.ts';
import { startGatewayProcess } from '../gateway-process.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { EventFloorCalls } from '../peers/event-floor.ts';
import type { EventLoadCalls } from '../peers/event-load.ts';
import type { UpstreamsCalls } from '../peers/upstreams.ts';
import { startPushProcess } from '../push-process.ts';
import { cpuShares, withCpu } from '../whole-platform.ts';

const streamsPerUser = 16;

export function platformFanout(streams: number): Row {
  return {
    name: 'platform.fanout',
    async run(bench, running) {
      const { scale, cores } = bench;
      const users = Math.ceil(streams / streamsPerUser);
      const all = users * streamsPerUser;
      const load = await startPeer<EventLoadCalls>('event-load', cores?.load, running);
      const upstreams = await startPeer<UpstreamsCalls>('upstreams', cores?.load, running);
      const push = await startPushProcess(bench, cores?.measured, running);
      const peers = { httpUrl: await upstreams.call('listen'), pushAddr: push.addr };
      const gateway = await startGatewayProcess(bench, peers, running);
      running.defer(() => load.call('close'));
      await load.call('connectLog', { addr: bench.redis.addr, password: bench.redis.password });
      await upstreams.call('addSessions', await load.call('makeSessions', users, streamsPerUser));
      await load.call('openGateway', gateway.grpcAddr, all, gateway.serverKey);
      const floor = await startPeer<EventFloorCalls>('event-floor', cores?.measured, running);
      await load.call('openFloor', await floor.call('listen'), all, all);

      const waves = Math.max(2, Math.round(scale.deliveriesPerRound / all));
      let eventBytes = 0;
      const rounds = await alternate(
        { ...scale, warmUps: 1 },
        async () => {
          const pids = { gateway: gateway.pid, push: push.pid };
          const round = await withCpu(bench, pids, () => load.call('deliver', 'gateway', waves));
          eventBytes = round.eventBytes;
          return round;
        },
        async () => {
          await floor.call('writeBytes', eventBytes);
          return withCpu(bench, { floor: floor.pid }, () => load.call('deliver', 'floor', waves));
        },
      );
      const { figures, remarks } = throughput(rounds);
      return {
        ...figures,
        note:
          `${all} streams of ${users} users, each on a connection of its own, ${waves} events to every user in a round, ` +
          `${eventBytes} bytes each; CPU in µs per delivery: ${cpuShares(rounds.measured)}; ${remarks}`,
      };
    },
  };
}
