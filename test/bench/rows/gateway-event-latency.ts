// gateway.event_latency: from the append of an event to the push log until its recipient has it, under light load and
// over the whole real way: Redis, the backend's push process, the gateway. There is no floor to hold it against.
import type { Row } from '../entry.ts';
import { startGatewayProcess } from '../gateway-process.ts';
import { percentile, round } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { LatencyLoadCalls } from '../peers/latency-load.ts';
import type { UpstreamsCalls } from '../peers/upstreams.ts';
import { startPushProcess } from '../push-process.ts';

const streams = 100;
const connections = 10;
const eventsPerSecond = 50;

export const gatewayEventLatency: Row = {
  name: 'gateway.event_latency',
  async run(bench, running) {
    const { addr: pushAddr } = await startPushProcess(bench, bench.cores?.load, running);
    const load = await startPeer<LatencyLoadCalls>('latency-load', bench.cores?.load, running);
    const upstreams = await startPeer<UpstreamsCalls>('upstreams', bench.cores?.load, running);
    const httpUrl = await upstreams.call('listen');
    await upstreams.call('addSessions', await load.call('makeSessions', streams));
    const gateway = await startGatewayProcess(bench, { httpUrl, pushAddr }, running);
    running.defer(() => load.call('close'));
    const { addr, password } = bench.redis;
    await load.call('connectLog', { addr, password });
    await load.call('open', gateway.grpcAddr, connections, gateway.serverKey);
    const latencies = await load.call('appendEvents', eventsPerSecond, bench.scale.watchMs);
    return {
      p50_ms: round(percentile(latencies, 0.5)),
      p99_ms: round(percentile(latencies, 0.99)),
      n: latencies.length,
      note: `${eventsPerSecond} events per second to ${streams} streams of as many users on ${connections} connections`,
    };
  },
};
