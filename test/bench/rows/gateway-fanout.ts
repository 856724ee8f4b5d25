// gateway.fanout.N: deliveries per second to N streams of N/16 users on N/100 connections, one event to every user at a
// time, compared with bare grpc-js streams on the same core that write bytes made before. The events come over a real push
// subscription, of a push service that the load process plays with frames made before: the backend's own one reads
// them from Redis and would be measured instead.
import type { Bench, Row } from '../entry.ts';
import { startGatewayProcess } from '../gateway-process.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { EventFloorCalls } from '../peers/event-floor.ts';
import type { EventLoadCalls } from '../peers/event-load.ts';
import type { UpstreamsCalls } from '../peers/upstreams.ts';
import { cpuDuring } from '../system.ts';

const streamsPerUser = 16;
const streamsPerConnection = 100;

export function gatewayFanout(streams: number): Row {
  return {
    name: `gateway.fanout.${streams}`,
    async run(bench, running) {
      const { scale, cores } = bench;
      const users = Math.ceil(streams / streamsPerUser);
      const all = users * streamsPerUser;
      const connections = Math.ceil(streams / streamsPerConnection);
      const { load, gateway, makeSessions } = await startEventLoad(bench, running);
      await makeSessions(users, streamsPerUser);
      await load.call('openGateway', gateway.grpcAddr, connections, gateway.serverKey);
      const floor = await startPeer<EventFloorCalls>('event-floor', cores?.measured, running);
      await load.call('openFloor', await floor.call('listen'), connections, all);

      const waves = Math.max(2, Math.round(scale.deliveriesPerRound / all));
      let eventBytes = 0;
      const rounds = await alternate(
        { ...scale, warmUps: 1 },
        async () => {
          const round = await cpuDuring(gateway.pid, () => load.call('deliver', 'gateway', waves));
          eventBytes = round.eventBytes;
          return round;
        },
        async () => {
          await floor.call('writeBytes', eventBytes);
          return cpuDuring(floor.pid, () => load.call('deliver', 'floor', waves));
        },
      );
      const { figures, remarks } = throughput(rounds);
      return {
        ...figures,
        note: `${all} streams of ${users} users on ${connections} connections, ${waves} events to every user in a round, ${eventBytes} bytes each; ${remarks}`,
      };
    },
  };
}

/** The load process, which plays the push service too, an upstream that knows its sessions, and the gateway. */
export async function startEventLoad(bench: Bench, running: AsyncDisposableStack) {
  const load = await startPeer<EventLoadCalls>('event-load', bench.cores?.load, running);
  const upstreams = await startPeer<UpstreamsCalls>('upstreams', bench.cores?.load, running);
  const peers = { httpUrl: await upstreams.call('listen'), pushAddr: await load.call('listenPush') };
  const gateway = await startGatewayProcess(bench, peers, running);
  running.defer(() => load.call('close'));
  await load.call('subscribed');
  const makeSessions = async (users: number, sessionsPerUser: number) =>
    upstreams.call('addSessions', await load.call('makeSessions', users, sessionsPerUser));
  return { load, gateway, makeSessions };
}
