import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareEntryIds, entryTimeMs, readEntry, streamStart } from '../../../lib/streams/entry.ts';

const entryId = fc
  .tuple(fc.integer({ min: 0, max: 999_999_999_999_999 }), fc.integer({ min: 0, max: 999_999_999_999_999 }))
  .map(([ms, number]) => `${ms}-${number}`);

test('ids are ordered by their time, then by their number, not as text', () => {
  const ids = ['10-0', '9-10', '9-9', '1700000000000-0', '0-1', streamStart];
  expect(ids.toSorted(compareEntryIds)).toEqual(['0-0', '0-1', '9-9', '9-10', '10-0', '1700000000000-0']);
});

test('every id equals itself and nothing else, and comes after the start', () => {
  fc.assert(
    fc.property(entryId, entryId, (a, b) => {
      expect(compareEntryIds(a, b) === 0).toBe(a === b);
      expect(Math.sign(compareEntryIds(a, b))).toBe(-Math.sign(compareEntryIds(b, a)) + 0);
      expect(compareEntryIds(a, streamStart)).toBeGreaterThanOrEqual(0);
    }),
  );
});

test.each([
  '',
  '0',
  '5-',
  '-5',
  '1-2-3',
  '1.5-0',
  'a-b',
  '1e3-0',
  '1234567890123456-0',
  '1-1234567890123456',
])('%j is no id', (text) => {
  expect(() => compareEntryIds(text, streamStart)).toThrow(TypeError);
  expect(() => entryTimeMs(text)).toThrow(TypeError);
});

test('the time of an entry is the first part of its id', () => {
  expect(entryTimeMs('1700000000000-3')).toBe(1_700_000_000_000);
});

test('fields are read by their names, the trace context apart from them', () => {
  expect(readEntry(['1-0', ['a', '1', 'traceparent', 'trace', 'b', '']])).toEqual({
    id: '1-0',
    fields: { a: '1', b: '' },
    traceparent: 'trace',
  });
  expect(readEntry(['1-0', ['a', '1']]).traceparent).toBe('');
});
