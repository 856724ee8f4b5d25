// What the tabs of a browser use to share one stream, apart from the browser itself (test/browser/tabs.test.ts).
import { describe, expect, test } from 'vitest';
import { encodeEventId } from '../../../lib/backend/domain/log-position.ts';
import { earliest, isLater } from '../../../lib/client/event-ids.ts';
import { Inbox } from '../../../lib/client/inbox.ts';
import { RecentEvents } from '../../../lib/client/recent-events.ts';
import type { EventMessage } from '../../../lib/client/transport.ts';

const [epoch, otherEpoch] = ['0123456789abcdef', 'fedcba9876543210'];
const id = (ms: number, seq = 0, of = epoch) => encodeEventId({ epoch: of, id: { ms, seq } });

describe('ids of events', () => {
  test.each([
    [id(2), id(1), true],
    [id(1, 1), id(1), true],
    [id(36 ** 5), id(36 ** 5 - 1), true],
    [id(1), id(1), false],
    [id(1), id(2), false],
    [id(2), id(1, 0, otherEpoch), false],
    [id(1), id(2, 0, otherEpoch), false],
    [id(1), '', false],
  ])('%s is later than %s: %s', (one, other, later) => {
    expect(isLater(one, other)).toBe(later);
  });

  test('have an earliest one', () => {
    expect(earliest([id(3), id(1), id(2)])).toBe(id(1));
    expect(earliest([id(3), id(1, 0, otherEpoch)])).toBe(id(3));
    expect(earliest([])).toBeUndefined();
  });
});

describe('the recent events', () => {
  const event = (eventId: string) => ({ eventId }) as EventMessage;
  const idsOf = ({ messages }: { messages: readonly EventMessage[] }) =>
    messages.map(({ eventId }) => eventId);
  const filled = (count: number) => {
    const recent = new RecentEvents('e-0');
    for (let index = 1; index <= count; index += 1) recent.add(event(`e-${index}`));
    return recent;
  };

  test.each([
    ['where they begin', 'e-0', 'e-0', ['e-1', 'e-2', 'e-3']],
    ['one of them', 'e-2', 'e-2', ['e-3']],
    ['the last of them', 'e-3', 'e-3', []],
    ['one that is not there', 'e-9', 'e-3', []],
    ['none', undefined, 'e-3', []],
  ])('after %s', (_, after, start, messages) => {
    const events = filled(3).after(after);
    expect([events.start, idsOf(events)]).toEqual([start, messages]);
  });

  test('are at most a thousand: what follows an older one is not there', () => {
    const recent = filled(1_002);
    expect(idsOf(recent.after('e-2'))).toHaveLength(1_000);
    expect(recent.after('e-1')).toEqual({ start: 'e-1002', messages: [] });
    expect(recent.lastEventId).toBe('e-1002');
  });
});

describe('an inbox', () => {
  const never = new AbortController().signal;

  test('gives messages in order, also to one who waits for them, and drops those that it has no room for', async () => {
    const inbox = new Inbox<number>(2);
    for (const message of [1, 2, 3]) inbox.put(message);
    expect([await inbox.next(never), await inbox.next(never)]).toEqual([1, 2]);
    const next = inbox.next(never);
    inbox.put(4);
    expect(await next).toBe(4);
  });

  test('fails after what came before, with the first error', async () => {
    const inbox = new Inbox<number>(2);
    inbox.put(1);
    inbox.fail(new Error('first'));
    inbox.fail(new Error('second'));
    expect(await inbox.next(never)).toBe(1);
    await expect(inbox.next(never)).rejects.toThrow('first');
  });

  test('ends with its signal', async () => {
    const stop = new AbortController();
    const next = new Inbox<number>(2).next(stop.signal);
    stop.abort();
    expect(await next).toBeUndefined();
  });
});
