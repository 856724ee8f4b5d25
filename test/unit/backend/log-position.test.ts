import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareStreamIds,
  decodeCursor,
  decodeEventId,
  encodeCursor,
  encodeEventId,
  faultOf,
  formatStreamId,
  nextStreamId,
  parseStreamId,
  type StreamId,
} from '../../../lib/backend/domain/log-position.ts';

const epochs = fc.stringMatching(/^[0-9a-f]{16}$/);
const streamIds = fc.record({
  ms: fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: 0, max: 36 ** 9 - 1 })),
  seq: fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: 0, max: 36 ** 7 - 1 })),
});
const positions = fc.record({ epoch: epochs, id: streamIds });

describe('cursors and event ids', () => {
  test('decode to the position that they encode', () => {
    void fc.assert(
      fc.property(positions, (position) => {
        expect(decodeCursor(encodeCursor(position))).toEqual(position);
        expect(decodeEventId(encodeEventId(position))).toEqual(position);
      }),
    );
  });

  test('have one text per position', () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[ce][0-9a-f]{16}-[0-9a-zA-Z]{9}-[0-9a-z]{7}$/),
      positions.map(encodeCursor).map((text) => ` ${text}`),
      positions.map(encodeCursor).map((text) => `${text}0`),
      positions.map(encodeCursor),
    );
    void fc.assert(
      fc.property(anyText, (text) => {
        const position = decodeCursor(text);
        if (position !== undefined) expect(encodeCursor(position)).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  test('are never taken for one another', () => {
    void fc.assert(
      fc.property(positions, (position) => {
        expect(decodeCursor(encodeEventId(position))).toBeUndefined();
        expect(decodeEventId(encodeCursor(position))).toBeUndefined();
      }),
    );
  });

  test('hold nothing but letters, digits and hyphens', () => {
    void fc.assert(
      fc.property(positions, (position) => {
        expect(encodeEventId(position)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(encodeCursor(position)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
  });

  test('compare as texts as their positions do, within an epoch', () => {
    void fc.assert(
      fc.property(epochs, streamIds, streamIds, (epoch, a, b) => {
        const [first, second] = [a, b].map((id) => encodeEventId({ epoch, id })) as [string, string];
        expect(Math.sign(compareStreamIds(a, b))).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
    );
  });

  test.each([
    [{ ms: 36 ** 9, seq: 0 }],
    [{ ms: 0, seq: 36 ** 7 }],
    [{ ms: -1, seq: 0 }],
    [{ ms: 0.5, seq: 0 }],
  ])('refuse a stream id that does not fit: %o', (id: StreamId) => {
    expect(() => encodeCursor({ epoch: '0123456789abcdef', id })).toThrow(RangeError);
  });

  test('refuse an invalid epoch', () => {
    expect(() => encodeCursor({ epoch: 'x', id: { ms: 0, seq: 0 } })).toThrow(RangeError);
  });
});

describe('ids of stream entries', () => {
  test('parse back to themselves', () => {
    void fc.assert(
      fc.property(streamIds, (id) => {
        expect(parseStreamId(formatStreamId(id))).toEqual(id);
      }),
    );
  });

  test.each(['', '1', '1-', '-1', '1-2-3', '01-0', '1-00', 'a-0', '1-0 ', '9999999999999999-0'])(
    'are refused in any other form: %j',
    (text) => {
      expect(() => parseStreamId(text)).toThrow(RangeError);
    },
  );

  test('have nothing between one and the next', () => {
    void fc.assert(
      fc.property(streamIds, streamIds, (a, b) => {
        expect(compareStreamIds(nextStreamId(a), b) <= 0).toBe(compareStreamIds(a, b) < 0);
      }),
    );
  });
});

describe('a log can be read on', () => {
  const epoch = '0123456789abcdef';
  const at = (ms: number) => ({ epoch, id: { ms, seq: 0 } });
  const log = { epoch, floor: { ms: 10, seq: 0 }, head: { ms: 20, seq: 0 } };

  test('from its floor, from its head and from every entry between', () => {
    expect(faultOf(at(10), log, false)).toBeUndefined();
    expect(faultOf(at(20), log, true)).toBeUndefined();
    expect(faultOf(at(15), log, true)).toBeUndefined();
  });

  test('but from nowhere else', () => {
    expect(faultOf(at(9), log, false)).toBe('trimmed');
    expect(faultOf(at(21), log, false)).toBe('beyond_end');
    expect(faultOf(at(15), log, false)).toBe('unknown');
    expect(faultOf({ ...at(15), epoch: 'fedcba9876543210' }, log, true)).toBe('other_epoch');
  });

  test('from its floor when everything was trimmed', () => {
    expect(faultOf(at(20), { ...log, floor: log.head }, false)).toBeUndefined();
  });
});
