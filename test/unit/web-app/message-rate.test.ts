import { expect, it } from 'vitest';
import { MessageRate } from '../../../lib/web-app/message-rate.ts';

it('takes 60 messages at once, and then 10 a second', () => {
  const rate = new MessageRate();
  const taken = (count: number, at: number) =>
    Array.from({ length: count }, () => rate.take(at)).filter((ok) => ok).length;
  expect(taken(100, 5_000)).toBe(60);
  expect(taken(100, 5_099)).toBe(0);
  expect(taken(100, 6_000)).toBe(10);
  expect(taken(100, 60_000)).toBe(60);
});
