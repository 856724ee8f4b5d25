import { describe, expect, it } from 'vitest';
import { winningCells } from '../../../lib/four-in-a-row/board/line.ts';

const text = (board: number[][], seat: number) =>
  winningCells(board, seat)
    .map(({ column, row }) => `${column}${row}`)
    .sort()
    .join(' ');

describe('the cells of winning lines', () => {
  it.each([
    ['across', [[], [1], [1], [1], [1], [], []], '21 31 41 51'],
    ['up', [[2, 1, 1, 1, 1], [], [], [], [], [], []], '12 13 14 15'],
    ['diagonally up', [[1], [2, 1], [2, 2, 1], [2, 2, 2, 1], [], [], []], '11 22 33 44'],
    ['diagonally down', [[2, 2, 2, 1], [2, 2, 1], [2, 1], [1], [], [], []], '14 23 32 41'],
    ['two at once', [[1, 1, 1, 1], [1], [1], [1], [], [], []], '11 12 13 14 21 31 41'],
    ['five', [[1], [1], [1], [1], [1], [], []], '11 21 31 41 51'],
  ])('%s', (_, board, cells) => {
    expect(text(board, 1)).toBe(cells);
  });

  it('are none without a line, and none of the other seat', () => {
    expect(text([[1], [1], [1], [], [1], [], []], 1)).toBe('');
    expect(text([[1], [1], [1], [1], [], [], []], 2)).toBe('');
  });
});
