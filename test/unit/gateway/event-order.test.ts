import { describe, expect, test } from 'vitest';
import { orderAfter } from '../../../lib/gateway/domain/event-order.ts';

const id = (place: number, life = 'ea') => `${life}-${String(place).padStart(9, '0')}`;
const event = (place: number, prev?: number) => ({
  id: id(place),
  prevId: prev === undefined ? '' : id(prev),
});

describe('how an event relates to a stream that has everything up to an id', () => {
  test('the event whose predecessor is that id is the next one', () => {
    expect(orderAfter(event(9, 5), id(5))).toBe('next');
  });

  test('the id itself and everything before it is known', () => {
    expect(orderAfter(event(5, 3), id(5))).toBe('duplicate');
    expect(orderAfter(event(3, 1), id(5))).toBe('duplicate');
  });

  test('a user’s first event follows any place before it', () => {
    expect(orderAfter(event(9), id(5))).toBe('next');
  });

  test('after a place between two events the later one is the next', () => {
    expect(orderAfter(event(9, 3), id(5))).toBe('next');
  });

  test('an event whose predecessor lies after that id is after a gap', () => {
    expect(orderAfter(event(9, 7), id(5))).toBe('gap');
  });

  test('an event of another epoch of the log is after a gap, whatever its text', () => {
    expect(orderAfter({ id: id(9, 'eb'), prevId: '' }, id(5))).toBe('gap');
    expect(orderAfter({ id: id(1, 'eA'), prevId: '' }, id(5))).toBe('gap');
  });
});
