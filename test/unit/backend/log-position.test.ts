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
  type StreamId,
  parseStreamId,
} from '../../../lib/backend/domain/log-position.ts';

const epochs = fc.stringMatching(/^[0-9a-f]{16}$/);
const positions = fc.record({
  ms: fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: 0, max: 36 ** 9 - 1 })),
  seq: fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: 0, max: 36 ** 7 - 1 })),
});
const places = fc.record({ epoch: epochs, position: positions });

describe('cursors and event ids', () => {
  test('lead back to the place that they were made from', () => {
    void fc.assert(
      fc.property(places, (place) => {
        expect(decodeCursor(encodeCursor(place))).toEqual(place);
        expect(decodeEventId(encodeEventId(place))).toEqual(place);
      }),
    );
  });

  test('have one text per place', () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[ce][0-9a-f]{16}-[0-9a-zA-Z]{9}-[0-9a-z]{7}$/),
      places.map(encodeCursor).map((text) => ` ${text}`),
      places.map(encodeCursor).map((text) => `${text}0`),
      places.map(encodeCursor),
    );
    void fc.assert(
      fc.property(anyText, (text) => {
        const place = decodeCursor(text);
        if (place !== undefined) expect(encodeCursor(place)).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  test('are never taken for one another', () => {
    void fc.assert(
      fc.property(places, (place) => {
        expect(decodeCursor(encodeEventId(place))).toBeUndefined();
        expect(decodeEventId(encodeCursor(place))).toBeUndefined();
      }),
    );
  });

  test('hold nothing but letters, digits and hyphens', () => {
    void fc.assert(
      fc.property(places, (place) => {
        expect(encodeEventId(place)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(encodeCursor(place)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
  });

  test('compare as texts as their places do, within an epoch', () => {
    void fc.assert(
      fc.property(epochs, positions, positions, (epoch, a, b) => {
        const [first, second] = [a, b].map((position) => encodeEventId({ epoch, position })) as [
          string,
          string,
        ];
        expect(Math.sign(compareStreamIds(a, b))).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
    );
  });

  test.each([
    [{ ms: 36 ** 9, seq: 0 }],
    [{ ms: 0, seq: 36 ** 7 }],
    [{ ms: -1, seq: 0 }],
    [{ ms: 0.5, seq: 0 }],
  ])('refuse a position that does not fit: %o', (position: StreamId) => {
    expect(() => encodeCursor({ epoch: '0123456789abcdef', position })).toThrow(RangeError);
  });

  test('refuse an epoch that is none', () => {
    expect(() => encodeCursor({ epoch: 'x', position: { ms: 0, seq: 0 } })).toThrow(RangeError);
  });
});

describe('ids of stream entries', () => {
  test('lead back to their position', () => {
    void fc.assert(
      fc.property(positions, (position) => {
        expect(parseStreamId(formatStreamId(position))).toEqual(position);
      }),
    );
  });

  test.each(['', '1', '1-', '-1', '1-2-3', '01-0', '1-00', 'a-0', '1-0 ', '9999999999999999-0'])(
    'are refused in any other form: %j',
    (text) => {
      expect(() => parseStreamId(text)).toThrow(RangeError);
    },
  );

  test('have nothing between a position and the next', () => {
    void fc.assert(
      fc.property(positions, positions, (a, b) => {
        expect(compareStreamIds(nextStreamId(a), b) <= 0).toBe(compareStreamIds(a, b) < 0);
      }),
    );
  });
});

describe('a log can be read on', () => {
  const epoch = '0123456789abcdef';
  const at = (ms: number) => ({ epoch, position: { ms, seq: 0 } });
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
