import { expect, it } from 'vitest';
import { UnfinishedRequests } from '../../lib/node/unfinished-requests.ts';

it('a client that sends many requests in part pushes its own out, and nobody else’s', () => {
  const requests = new UnfinishedRequests<string>(4);
  expect(requests.add('player', 'a')).toBeUndefined();
  const flood = ['1', '2', '3', '4', '5'].map((request) => requests.add(request, 'b'));
  expect(flood).toEqual([undefined, undefined, undefined, '1', '2']);
  expect(['player', '1', '3', '5'].map((request) => requests.has(request))).toEqual([
    true,
    false,
    true,
    true,
  ]);
  requests.delete('3');
  requests.delete('3');
  expect(requests.add('6', 'b')).toBeUndefined();
  // Somebody new gets a place at the cost of the one that has the most.
  expect(requests.add('newcomer', 'c')).toBe('4');
});
