import { describe, expect, it } from 'vitest';
import { playerCount } from '../../../lib/web-app/player-count.ts';

const two = { min: 2, max: 2 };
const many = { min: 2, max: 8 };

describe('how many players a new game has', () => {
  it('is what the engine takes, and no more than usual', () => {
    expect(playerCount(two, 0, {})).toEqual({ min: 2, max: 2 });
    expect(playerCount(many, 0, {})).toEqual({ min: 2, max: 4 });
  });

  it('leaves seats to bots, and takes them back when the bots are gone', () => {
    expect(playerCount(two, 1, {})).toEqual({ min: 1, max: 1 });
    expect(playerCount(two, 0, {})).toEqual({ min: 2, max: 2 });
    expect(playerCount(many, 6, { min: 3, max: 6 })).toEqual({ min: 2, max: 2 });
    expect(playerCount(many, 0, { min: 3, max: 6 })).toEqual({ min: 3, max: 6 });
  });

  it('is at least one, also where bots could take all seats', () => {
    expect(playerCount(two, 2, {})).toEqual({ min: 1, max: 1 });
  });

  it('never has more at least than at most', () => {
    expect(playerCount(many, 0, { min: 5, max: 3 })).toEqual({ min: 3, max: 3 });
  });
});
