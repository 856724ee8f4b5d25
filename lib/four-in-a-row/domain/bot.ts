// A bot that sees two moves ahead: it wins where it can, blocks where it must, and does not open a win for the other
// seat; else it prefers the centre.
import { type Board, byNearness, drop, hasRoom, hasWon } from './board.ts';

/** @param seat whose move it is. @returns a column with room; the board is not full. */
export function bestColumn(board: Board, seat: number, other: number): number {
  const free = byNearness.filter((column) => hasRoom(board, column));
  const winsFor = (at: Board, who: number) => (column: number) =>
    hasRoom(at, column) && hasWon(drop(at, column, who), who);
  const isSafe = (column: number) => !byNearness.some(winsFor(drop(board, column, seat), other));
  const best =
    free.find(winsFor(board, seat)) ?? free.find(winsFor(board, other)) ?? free.find(isSafe) ?? free[0];
  if (best === undefined) throw new RangeError('the board is full');
  return best;
}
