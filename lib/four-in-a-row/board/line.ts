import { type Board, columns, directions, lineLength, rows } from '../domain/board.ts';

export type Cell = { readonly column: number; readonly row: number };

/** Every cell that is part of a winning line of the seat, counted from 1 as in views; a disc may complete two lines. */
export function winningCells(board: Board, seat: number): Cell[] {
  const isOwn = (x: number, y: number) => board[x]?.[y] === seat;
  const cells = new Map<string, Cell>();
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < rows; y++) {
      for (const [dx, dy] of directions) {
        const line = Array.from({ length: lineLength }, (_, at) => ({ x: x + at * dx, y: y + at * dy }));
        if (!line.every((cell) => isOwn(cell.x, cell.y))) continue;
        for (const cell of line) cells.set(`${cell.x} ${cell.y}`, { column: cell.x + 1, row: cell.y + 1 });
      }
    }
  }
  return [...cells.values()];
}
