// gateway.idle_stream: resident memory of one more open stream on a connection of its own, compared with bare grpc-js streams.
// Every round has a new process on both sides, which holds some streams already when the measurement begins.
import type { Bench, Row } from '../entry.ts';
import { median, round } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { EventFloorCalls } from '../peers/event-floor.ts';
import type { EventLoadCalls } from '../peers/event-load.ts';
import { settledRssKib } from '../system.ts';
import { startEventLoad } from './gateway-fanout.ts';

export const gatewayIdleStream: Row = {
  name: 'gateway.idle_stream',
  async run(bench) {
    const streams = bench.scale.idleStreams;
    const gateway: number[] = [];
    const floor: number[] = [];
    for (let index = 0; index < bench.scale.rounds; index += 1) {
      gateway.push(await inItsOwn((running) => rssOfGatewayStream(bench, streams, running)));
      floor.push(await inItsOwn((running) => rssOfFloorStream(bench, streams, running)));
    }
    const all = (values: number[]) => values.map(round).join(' ');
    return {
      rss_kib: round(median(gateway)),
      ratio: round(median(gateway) / median(floor)),
      n: streams * bench.scale.rounds,
      note: `KiB per stream, ${streams} streams beyond the first ${streamsBefore(streams)}; floor ${round(median(floor))}; rounds ${all(gateway)} against ${all(floor)}`,
    };
  },
};

/** By then the heap's young generation and the tables of the rate limits have their full size, which no stream adds to. */
const streamsBefore = (streams: number) => Math.ceil(streams / 2);

async function inItsOwn<T>(work: (running: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const running = new AsyncDisposableStack();
  try {
    return await work(running);
  } finally {
    await running.disposeAsync();
  }
}

async function rssOfGatewayStream(
  bench: Bench,
  streams: number,
  running: AsyncDisposableStack,
): Promise<number> {
  const first = streamsBefore(streams);
  const { load, gateway, makeSessions } = await startEventLoad(bench, running);
  await makeSessions(first, 1);
  await load.call('openGateway', gateway.grpcAddr, first, gateway.serverKey);
  const before = await settledRssKib(gateway.pid);
  await makeSessions(streams, 1);
  await load.call('openGateway', gateway.grpcAddr, streams, gateway.serverKey);
  return ((await settledRssKib(gateway.pid)) - before) / streams;
}

async function rssOfFloorStream(
  bench: Bench,
  streams: number,
  running: AsyncDisposableStack,
): Promise<number> {
  const first = streamsBefore(streams);
  const load = await startPeer<EventLoadCalls>('event-load', bench.cores?.load, running);
  const floor = await startPeer<EventFloorCalls>('event-floor', bench.cores?.measured, running);
  const addr = await floor.call('listen');
  await load.call('openFloor', addr, first, first);
  const before = await settledRssKib(floor.pid);
  await load.call('openFloor', addr, streams, streams);
  return ((await settledRssKib(floor.pid)) - before) / streams;
}
