// The promise of a stream: no hole, no repeat. Whatever happens in whatever order while streams join, live and are
// refilled, each has written exactly what follows its hello, or was ended for a reason that there was.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClientEvent } from '../../../../lib/protocol/generated/galaxy/push/v1/push.ts';
import { createTestHub, FakeSink, FakeUserLog, settled } from '../../../support/gateway/event-streams.ts';

const userId = '0193b3c0-0000-7000-8000-000000000001';

type Stream = { call: FakeSink; done: Promise<unknown>; error?: unknown };

/** A hub, one user's log, and the way of its frames to the hub. */
class Stage {
  readonly log = new FakeUserLog(userId);
  readonly hub;
  readonly streams: Stream[] = [];
  /** On their way from the log to the gateway. */
  frames: (ClientEvent | 'gap')[] = [];
  /** Every event that there ever was. */
  readonly all: ClientEvent[] = [];
  begunAnew = false;
  trimmed = false;

  constructor(queueEvents: number) {
    this.hub = createTestHub(this.log.read, {
      queueEvents,
      maxStreamsPerSession: 100,
      maxStreamsPerUser: 100,
    }).hub;
  }

  append(): void {
    const event = this.log.append();
    this.all.push(event);
    this.frames.push(event);
  }

  /** The frames under way never come; the gateway hears of it before the next one. */
  lose(): void {
    this.frames = ['gap'];
  }

  deliver(): void {
    const frame = this.frames.shift();
    if (frame === 'gap') this.hub.resync();
    else if (frame !== undefined) this.hub.publish(frame);
  }

  join(lastEventId?: string): Stream {
    const call = new FakeSink('session');
    const stream = call.register(this.hub);
    const opened: Stream = { call, done: Promise.resolve() };
    opened.done = this.hub
      .open(stream, userId, { requestHash: Buffer.alloc(32), lastEventId })
      .catch((error: { rejection: { reason: 'RESYNC'; message: string } }) => {
        if (stream.endReason !== undefined) return;
        // As the caller does.
        stream.end(error.rejection);
      });
    this.streams.push(opened);
    return opened;
  }

  /** Nothing new happens, and everything that is under way arrives. */
  async calmDown(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      const busy = this.frames.length + this.log.reads.length;
      this.deliver();
      this.log.reads[0]?.respond();
      let taken = 0;
      for (const { call } of this.streams) taken += call.take() ? 1 : 0;
      await settled();
      idle = busy + taken === 0 ? idle + 1 : 0;
    }
  }
}

/** What a stream that said hello had to write, up to the last event that there is. */
function expectNoHoleNoRepeat(stage: Stage, { call }: Stream): void {
  if (call.written.length === 0) return;
  expect(call.written[0]?.eventType).toBe('gateway.hello');
  const from = call.hello.last_event_id;
  const sameLife = stage.all.filter(({ eventId }) => eventId.split('-')[0] === from.split('-')[0]);
  const following = sameLife.filter(({ eventId }) => eventId > from).map(({ eventId }) => eventId);
  // A client that was ended has a beginning of it, and comes back for the rest.
  if (call.reason === undefined) expect(call.eventIds).toEqual(following);
  else expect(call.eventIds).toEqual(following.slice(0, call.eventIds.length));
}

const actions = {
  append: (stage: Stage) => stage.append(),
  advance: (stage: Stage) => stage.log.advance(),
  deliver: (stage: Stage) => stage.deliver(),
  lose: (stage: Stage) => stage.lose(),
  join: (stage: Stage) => void stage.join(),
  resume: (stage: Stage, pick: number) => {
    const known = stage.all[pick % Math.max(1, stage.all.length)];
    stage.join(known?.eventId ?? 'enone-000000000-0000000');
  },
  readPage: (stage: Stage, pick: number) =>
    stage.log.reads[pick % Math.max(1, stage.log.reads.length)]?.readPage(),
  respond: (stage: Stage, pick: number) =>
    stage.log.reads[pick % Math.max(1, stage.log.reads.length)]?.respond(),
  take: (stage: Stage, pick: number) =>
    void stage.streams[pick % Math.max(1, stage.streams.length)]?.call.take(),
  gone: (stage: Stage, pick: number) => stage.streams[pick % Math.max(1, stage.streams.length)]?.call.gone(),
};
const rareActions = {
  startNewEpoch: (stage: Stage) => {
    stage.begunAnew = true;
    stage.log.startNewEpoch();
    stage.frames.push('gap');
  },
  trim: (stage: Stage) => {
    stage.trimmed = true;
    stage.log.trim();
  },
};

const step = (names: readonly string[]) => fc.tuple(fc.constantFrom(...names), fc.nat(7));
const often = [
  'append',
  'append',
  'deliver',
  'deliver',
  'take',
  'take',
  'take',
  'readPage',
  'respond',
  'respond',
];
const usual = [...often, 'join', 'resume', 'lose', 'advance'];

async function play(stage: Stage, steps: readonly [string, number][]): Promise<void> {
  const all: Record<string, (stage: Stage, pick: number) => void> = { ...actions, ...rareActions };
  for (const [name, pick] of steps) {
    all[name]?.(stage, pick);
    await settled();
  }
  await stage.calmDown();
}

describe('streams of one user, whatever the order of things', () => {
  test('without a gap and without a repeat, while frames are lost and refilled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step(usual), { maxLength: 60 }), async (steps) => {
        const stage = new Stage(1_000);
        await play(stage, steps);
        for (const stream of stage.streams) {
          expectNoHoleNoRepeat(stage, stream);
          // There was no reason to end any.
          expect(stream.call.reason).toBeUndefined();
        }
      }),
      { numRuns: 400 },
    );
  });

  test('with a queue of two events streams that are slow end, and the others get everything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step([...usual, 'gone']), { maxLength: 60 }), async (steps) => {
        const stage = new Stage(2);
        await play(stage, steps);
        for (const stream of stage.streams) {
          expect([undefined, 'SLOW_CONSUMER', 'client_gone']).toContain(stream.call.reason);
          expectNoHoleNoRepeat(stage, stream);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('when the log starts a new epoch or is trimmed, streams end with RESYNC or go on without a gap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step([...usual, 'startNewEpoch', 'trim']), { maxLength: 60 }),
        async (steps) => {
          const stage = new Stage(1_000);
          await play(stage, steps);
          for (const stream of stage.streams) {
            expectNoHoleNoRepeat(stage, stream);
            expect([undefined, 'RESYNC']).toContain(stream.call.reason);
            if (!stage.begunAnew && !stage.trimmed) expect(stream.call.reason).toBeUndefined();
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('the hello', () => {
  test('without an id a stream begins at the head', async () => {
    const stage = new Stage(10);
    stage.append();
    stage.append();
    const { call } = stage.join();
    await stage.calmDown();
    expect(call.hello).toEqual({
      server_time_ms: 1_764_000_000_000,
      resumed: false,
      last_event_id: stage.all[1]?.eventId,
    });
    expect(call.eventIds).toEqual([]);
    expect(call.written[0]).toMatchObject({
      eventType: 'gateway.hello',
      eventId: '',
      prevEventId: '',
      recipientUserId: '',
      traceId: '',
    });
  });

  test('with the id of an event it says so, and what follows comes next', async () => {
    const stage = new Stage(10);
    for (let count = 0; count < 8; count += 1) stage.append();
    const lastEventId = stage.all[1]?.eventId;
    const { call } = stage.join(lastEventId);
    await stage.calmDown();
    expect(call.hello).toMatchObject({ resumed: true, last_event_id: lastEventId });
    expect(call.eventIds).toEqual(stage.all.slice(2).map(({ eventId }) => eventId));
  });

  test('with an id that cannot be resumed from it says that, and where the stream begins', async () => {
    const stage = new Stage(10);
    stage.append();
    stage.log.advance();
    const trimmed = stage.all[0]?.eventId;
    stage.log.trim();
    for (const id of [trimmed, 'eother-000000001-0000000', 'nonsense']) {
      const { call } = stage.join(id);
      await stage.calmDown();
      expect(call.hello).toMatchObject({ resumed: false, last_event_id: stage.log.head });
      expect(call.eventIds).toEqual([]);
    }
  });
});

test('a stream that joins slowly reads its log only as fast as its client takes events', async () => {
  const stage = new Stage(10);
  for (let count = 0; count < 30; count += 1) stage.append();
  const { call } = stage.join(stage.all[0]?.eventId);
  stage.log.reads[0]?.respond();
  await settled();
  expect(call.written).toHaveLength(1);
  expect(stage.log.reads).toHaveLength(0);
  for (let count = 0; count < 3; count += 1) {
    expect(stage.log.reads).toHaveLength(0);
    call.take();
    await settled();
  }
  // The third event of the page is with the client's connection; only when that has it, the next page is asked for.
  expect(call.written).toHaveLength(4);
  expect(stage.log.reads).toHaveLength(0);
  call.take();
  await settled();
  expect(stage.log.reads).toHaveLength(1);
});

test('more than may be held while a stream joins is read from the log instead', async () => {
  const stage = new Stage(2);
  stage.append();
  const { call } = stage.join(stage.all[0]?.eventId);
  stage.log.reads[0]?.readPage();
  for (let count = 0; count < 5; count += 1) stage.append();
  while (stage.frames.length > 0) stage.deliver();
  const [stream] = stage.hub.streams();
  expect(stream?.waiting.events).toBeLessThanOrEqual(2);
  await stage.calmDown();
  expect(call.reason).toBeUndefined();
  expect(call.eventIds).toEqual(stage.all.slice(1).map(({ eventId }) => eventId));
});

test('a page that leads nowhere ends the stream instead of being read for ever', async () => {
  const log = new FakeUserLog(userId);
  const first = log.append();
  const { hub } = createTestHub(async () => ({
    found: true,
    events: [first],
    headEventId: 'elife0-zzzzzzzzz-0000000',
  }));
  const call = new FakeSink('session');
  const stream = call.register(hub);
  const opening = hub.open(stream, userId, { requestHash: Buffer.alloc(32), lastEventId: first.eventId });
  const taking = setInterval(() => call.takeAll(), 1);
  await expect(opening).rejects.toMatchObject({ rejection: { reason: 'RESYNC' } });
  clearInterval(taking);
});
