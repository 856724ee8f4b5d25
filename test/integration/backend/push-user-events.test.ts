import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { compareStreamIds, encodeEventId } from '../../../lib/backend/domain/log-position.ts';
import {
  type AppendedEvent,
  maxEventPayloadBytes,
  maxUserEvents,
} from '../../../lib/backend/push/log/append-client-event.ts';
import { readState } from '../../../lib/backend/push/log/read-global.ts';
import { readUserEvents } from '../../../lib/backend/push/log/read-user-events.ts';
import { idsOf, positionOfEvent, TestPushLog } from '../../support/backend/push-log.ts';

const testLog = new TestPushLog();

describe('reading one user’s events', () => {
  const eventsAfter = async (userId: string, eventId: string) => {
    const { found, events, headEventId } = await readUserEvents(testLog.log, userId, eventId);
    return { found, ids: idsOf(events), headEventId };
  };

  test('gives those after an event, in order, and the head', async () => {
    const [anna, ben] = [randomUUID(), randomUUID()];
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      ids.push((await testLog.append(anna)).eventId);
      await testLog.append(ben);
    }
    for (const [i, id] of ids.entries()) {
      expect(await eventsAfter(anna, id)).toEqual({
        found: true,
        ids: ids.slice(i + 1),
        headEventId: ids[3],
      });
    }
  });

  test('returns only the head when there is nothing to read after', async () => {
    const userId = randomUUID();
    const { eventId } = await testLog.append(userId);
    expect(await eventsAfter(userId, '')).toEqual({ found: false, ids: [], headEventId: eventId });
  });

  test('gives a user without events a head from which their first event is found', async () => {
    const userId = randomUUID();
    await testLog.append(randomUUID());
    const { headEventId } = await eventsAfter(userId, '');
    await testLog.append(randomUUID());
    expect((await eventsAfter(userId, headEventId)).found).toBe(true);
    const first = await testLog.append(userId);
    expect(first.prevEventId).toBe('');
    expect(await eventsAfter(userId, headEventId)).toEqual({
      found: true,
      ids: [first.eventId],
      headEventId: first.eventId,
    });
  });

  test('gives such a head on an empty log, too', async () => {
    const userId = randomUUID();
    const { headEventId } = await eventsAfter(userId, '');
    const first = await testLog.append(userId);
    expect(await eventsAfter(userId, headEventId)).toMatchObject({ found: true, ids: [first.eventId] });
  });

  test.each([
    ['garbage', async () => 'garbage'],
    ['a cursor', async (event: AppendedEvent) => event.cursor],
    [
      'an id of another epoch',
      async (event: AppendedEvent) => encodeEventId({ ...positionOfEvent(event), epoch: 'f'.repeat(16) }),
    ],
    [
      'an id above the head',
      async (event: AppendedEvent) => {
        const { epoch, id } = positionOfEvent(event);
        return encodeEventId({ epoch, id: { ms: id.ms + 3_600_000, seq: 0 } });
      },
    ],
    [
      'an id that was never given out',
      async (event: AppendedEvent) => {
        const { epoch, id } = positionOfEvent(event);
        return encodeEventId({ epoch, id: { ms: id.ms - 3_600_000, seq: 0 } });
      },
    ],
  ])('does not find %s, and still returns the head', async (_, idOf) => {
    const userId = randomUUID();
    const event = await testLog.append(userId);
    expect(await eventsAfter(userId, await idOf(event))).toEqual({
      found: false,
      ids: [],
      headEventId: event.eventId,
    });
  });

  test('finds an event exactly as long as nothing after it was trimmed', async () => {
    const users = Array.from({ length: 3 }, () => randomUUID());
    const owners = Array.from({ length: 18 }, (_, i) => users[(i * i) % 3] ?? '');
    const events = (await testLog.appendApart(owners)).map((event, i) => ({
      ...event,
      userId: owners[i] ?? '',
    }));
    for (const through of events) {
      await testLog.trimThrough(through);
      // Appending is what trims the user's own list.
      const appended = await testLog.append(through.userId);
      events.push({ ...appended, userId: through.userId });
      const { floor } = await readState(testLog.log);
      for (const event of events) {
        const later = events.filter(
          ({ userId, eventId }) => userId === event.userId && eventId > event.eventId,
        );
        const complete = later.every(
          ({ eventId }) => compareStreamIds(positionOfEvent({ eventId }).id, floor) > 0,
        );
        const { found, ids } = await eventsAfter(event.userId, event.eventId);
        // Once its own list has forgotten it, an event that is trimmed itself may be missed, never the reverse.
        if (found) expect(complete).toBe(true);
        else expect(complete && compareStreamIds(positionOfEvent(event).id, floor) >= 0).toBe(false);
        expect(ids).toEqual(found ? later.map(({ eventId }) => eventId) : []);
      }
      if (events.length > 36) break;
    }
  });

  test('finds the last event of a user to whom nothing has happened since, though it is trimmed', async () => {
    const userId = randomUUID();
    const { eventId } = await testLog.append(userId);
    await testLog.trimAll();
    expect(await eventsAfter(userId, eventId)).toEqual({ found: true, ids: [], headEventId: eventId });
    const next = await testLog.append(userId);
    expect(await eventsAfter(userId, eventId)).toMatchObject({ found: true, ids: [next.eventId] });
  });

  test('knows the positions of a version that kept them in a stream', async () => {
    const userId = randomUUID();
    const [first, second] = await testLog.appendApart([userId, userId]);
    const key = testLog.log.userKey(userId);
    const positions = await testLog.redis.lrange(key, 0, -1);
    await testLog.redis.del(key);
    for (const position of positions) await testLog.redis.xadd(key, position, 'e', '');
    await testLog.redis.pexpire(key, 60_000);
    const after = await eventsAfter(userId, first?.eventId ?? '');
    expect(after).toEqual({ found: true, ids: [second?.eventId], headEventId: second?.eventId });
    expect(await testLog.redis.pttl(key)).toBeGreaterThan(50_000);
    expect((await testLog.append(userId)).prevEventId).toBe(second?.eventId);
    expect(await testLog.redis.llen(key)).toBe(3);
  });

  test('forgets trimmed events of a user but the last, after which nothing is missing', async () => {
    const userId = randomUUID();
    const [older, last] = await testLog.appendApart([userId, userId, randomUUID()]);
    await testLog.trimAll();
    const next = await testLog.append(userId);
    expect(await testLog.redis.llen(testLog.log.userKey(userId))).toBe(2);
    expect((await eventsAfter(userId, older?.eventId ?? '')).found).toBe(false);
    expect(await eventsAfter(userId, last?.eventId ?? '')).toMatchObject({
      found: true,
      ids: [next.eventId],
    });
  });

  test('comes in pages, which end at the head', async () => {
    const userId = randomUUID();
    const first = await testLog.append(userId);
    const payload = Buffer.alloc(maxEventPayloadBytes, '1');
    const rest: string[] = [];
    for (let i = 0; i < 20; i++) rest.push((await testLog.append(userId, { payload })).eventId);
    for (let i = 0; i < 250; i++) rest.push((await testLog.append(userId)).eventId);

    const read: string[] = [];
    let pages = 0;
    for (let from = first.eventId; ; pages++) {
      const page = await eventsAfter(userId, from);
      expect(page.found).toBe(true);
      expect(page.headEventId).toBe(rest.at(-1));
      const last = page.ids.at(-1);
      if (last === undefined) break;
      read.push(...page.ids);
      from = last;
    }
    expect(read).toEqual(rest);
    expect(pages).toBeGreaterThan(2);
  });

  test('reaches back over a bounded number of events, and says where it ends', async () => {
    const userId = randomUUID();
    const ids: string[] = [];
    for (let i = 0; i < maxUserEvents + 3; i++) ids.push((await testLog.append(userId)).eventId);
    expect((await eventsAfter(userId, ids[1] ?? '')).found).toBe(false);
    // The third is not listed any more, but nothing after it is missing.
    expect((await eventsAfter(userId, ids[2] ?? '')).found).toBe(true);
    expect((await eventsAfter(userId, ids[3] ?? '')).found).toBe(true);
  });
});
