// gateway.command: ExecuteCommand by the real gateway process, compared with a bare grpc-js echo of the same sizes on the same
// core. gateway.command.connect: the same over Connect on the web listener, compared with native gRPC to the same
// process. Redis, the upstreams and the load share the other core.

import type { Bench, Row } from '../entry.ts';
import { startGatewayProcess } from '../gateway-process.ts';
import { alternate, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { CommandFloorCalls } from '../peers/command-floor.ts';
import type { CommandLoadCalls } from '../peers/command-load.ts';
import type { UpstreamsCalls } from '../peers/upstreams.ts';
import { cpuDuring } from '../system.ts';

const inFlight = 64;
/** As real clients: each on a connection of its own, with one command at a time. */
const connections = inFlight;
/** More than the gateway can handle; the rest serves the next round. */
const signedPerSecond = 8_000;

export const gatewayCommand: Row = {
  name: 'gateway.command',
  async run(bench, running) {
    const { scale, cores } = bench;
    const { load, gateway } = await startCommandLoad(bench, running);
    const floor = await startPeer<CommandFloorCalls>('command-floor', cores?.measured, running);
    const floorAddr = await floor.call('listen');

    const options = { connections, inFlight, ms: scale.roundMs };
    let responseBytes = 0;
    const rounds = await alternate(
      scale,
      async () => {
        await load.call('prepare', commandsPerRound(scale));
        const { responseBytes: bytes, ...round } = await cpuDuring(gateway.pid, () =>
          load.call('runCommands', { ...options, addr: gateway.grpcAddr }, gateway.serverKey),
        );
        responseBytes = bytes;
        return round;
      },
      async () => {
        await floor.call('respondWith', responseBytes);
        return cpuDuring(floor.pid, () =>
          load.call('runFloor', { ...options, addr: floorAddr }, responseBytes),
        );
      },
    );
    const { figures, remarks } = throughput(rounds);
    return {
      ...figures,
      note: `${inFlight} in flight on ${connections} connections, responses of ${responseBytes} bytes; ${remarks}`,
    };
  },
};

export const gatewayCommandConnect: Row = {
  name: 'gateway.command.connect',
  async run(bench, running) {
    const { scale } = bench;
    const { load, gateway } = await startCommandLoad(bench, running);
    const round = (transport: 'gRPC' | 'Connect', addr: string) => async () => {
      await load.call('prepare', commandsPerRound(scale));
      const options = { addr, transport, connections, inFlight, ms: scale.roundMs };
      return cpuDuring(gateway.pid, () => load.call('runCommands', options, gateway.serverKey));
    };
    const { figures, remarks } = throughput(
      await alternate(scale, round('Connect', gateway.webAddr), round('gRPC', gateway.grpcAddr)),
    );
    return {
      ...figures,
      note: `${inFlight} in flight on ${connections} connections; the floor is native gRPC to the same gateway; ${remarks}`,
    };
  },
};

const commandsPerRound = ({ roundMs }: Bench['scale']) =>
  inFlight + Math.ceil((signedPerSecond * roundMs) / 1000);

async function startCommandLoad(bench: Bench, running: AsyncDisposableStack) {
  const { scale, cores } = bench;
  const load = await startPeer<CommandLoadCalls>('command-load', cores?.load, running);
  const upstreams = await startPeer<UpstreamsCalls>('upstreams', cores?.load, running);
  const httpUrl = await upstreams.call('listen');
  await upstreams.call('addSessions', await load.call('makeSessions', scale.sessions));
  const gateway = await startGatewayProcess(bench, { httpUrl, pushAddr: '127.0.0.1:9' }, running);
  return { load, gateway };
}
