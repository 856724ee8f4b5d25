// gateway.idle_stream: resident memory of one more open stream on a connection of its own, compared with bare grpc-js streams.
// gateway.idle_stream.connect: that of one on the web listener, compared with a stream of gRPC at the gateway.
// Every round has a new process on both sides, which holds some streams already when the measurement begins.
import type { Bench, Entry, Row } from '../entry.ts';
import { median, round } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { EventFloorCalls } from '../peers/event-floor.ts';
import type { EventLoadCalls } from '../peers/event-load.ts';
import { settledRssKib } from '../system.ts';
import { startEventLoad } from './gateway-fanout.ts';

export const gatewayIdleStream: Row = {
  name: 'gateway.idle_stream',
  run: (bench) => compared(bench, rssOfGatewayStream('gRPC'), rssOfFloorStream),
};

export const gatewayIdleStreamConnect: Row = {
  name: 'gateway.idle_stream.connect',
  run: (bench) => compared(bench, rssOfGatewayStream('Connect'), rssOfGatewayStream('gRPC')),
};

type RssOfStream = (bench: Bench, streams: number, running: AsyncDisposableStack) => Promise<number>;

async function compared(
  bench: Bench,
  rssOfMeasured: RssOfStream,
  rssOfFloor: RssOfStream,
): Promise<Omit<Entry, 'name'>> {
  const streams = bench.scale.idleStreams;
  const measured: number[] = [];
  const floor: number[] = [];
  for (let index = 0; index < bench.scale.rounds; index += 1) {
    measured.push(await inItsOwn((running) => rssOfMeasured(bench, streams, running)));
    floor.push(await inItsOwn((running) => rssOfFloor(bench, streams, running)));
  }
  const all = (values: number[]) => values.map(round).join(' ');
  return {
    rss_kib: round(median(measured)),
    ratio: round(median(measured) / median(floor)),
    n: streams * bench.scale.rounds,
    note: `KiB per stream, ${streams} streams beyond the first ${streamsBefore(streams)}; floor ${round(median(floor))}; rounds ${all(measured)} against ${all(floor)}`,
  };
}

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

function rssOfGatewayStream(transport: 'gRPC' | 'Connect'): RssOfStream {
  return async (bench, streams, running) => {
    const first = streamsBefore(streams);
    const { load, gateway, makeSessions } = await startEventLoad(bench, running);
    const addr = transport === 'gRPC' ? gateway.grpcAddr : gateway.webAddr;
    await makeSessions(first, 1);
    await load.call('openGateway', addr, first, gateway.serverKey, transport);
    const before = await settledRssKib(gateway.pid);
    await makeSessions(streams, 1);
    await load.call('openGateway', addr, streams, gateway.serverKey, transport);
    return ((await settledRssKib(gateway.pid)) - before) / streams;
  };
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
