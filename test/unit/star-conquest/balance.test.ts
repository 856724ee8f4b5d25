import { expect, it } from 'vitest';
import { gamesWon } from '../../support/engines/star-conquest-balance.ts';

// The same games each time. docs/star-conquest.md has the figures of a thousand.
it.each([2, 3, 4])('in games of %i bots no seat wins more often than chance explains', (seats) => {
  const games = 100;
  const won = gamesWon(seats, games);
  const share = games / seats;
  const deviation = Math.sqrt(share * (1 - 1 / seats));
  expect(won.reduce((a, b) => a + b)).toBeCloseTo(games);
  expect(Math.max(...won)).toBeLessThan(share + 2.5 * deviation);
});
