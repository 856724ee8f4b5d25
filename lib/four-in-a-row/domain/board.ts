// The board: seven columns of up to six discs, the lowest first. A disc is the number of the seat that dropped it.

export const columns = 7;
export const rows = 6;
export const lineLength = 4;

/** By column. */
export type Board = readonly (readonly number[])[];

export const emptyBoard: Board = Array.from({ length: columns }, () => []);

/** Columns are numbered from 1, from the left. */
export function hasRoom(board: Board, column: number): boolean {
  const discs = board[column - 1];
  return discs !== undefined && discs.length < rows;
}

export function isFull(board: Board): boolean {
  return board.every((discs) => discs.length === rows);
}

/** @throws RangeError when the column has no room. */
export function drop(board: Board, column: number, seat: number): Board {
  if (!hasRoom(board, column)) throw new RangeError(`column ${column} has no room`);
  return board.map((discs, index) => (index === column - 1 ? [...discs, seat] : discs));
}

/** The free column nearest the centre; of two, the left one. @throws RangeError when the board is full. */
export function nearestCentre(board: Board): number {
  const [nearest] = byNearness.filter((column) => hasRoom(board, column));
  if (nearest === undefined) throw new RangeError('the board is full');
  return nearest;
}

const centre = (columns + 1) / 2;

/** All columns, the nearest to the centre first; of two, the left one. */
export const byNearness: readonly number[] = Array.from({ length: columns }, (_, index) => index + 1).sort(
  (a, b) => Math.abs(a - centre) - Math.abs(b - centre) || a - b,
);

export const directions = [
  [1, 0],
  [0, 1],
  [1, 1],
  [1, -1],
] as const;

/** How many discs of this seat lie in a row at most: across, up or diagonally. */
export function longestLine(board: Board, seat: number): number {
  const isOwn = (x: number, y: number) => board[x]?.[y] === seat;
  let longest = 0;
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < rows; y++) {
      for (const [dx, dy] of directions) {
        let length = 0;
        while (isOwn(x + length * dx, y + length * dy)) length += 1;
        longest = Math.max(longest, length);
      }
    }
  }
  return longest;
}

export function hasWon(board: Board, seat: number): boolean {
  return longestLine(board, seat) >= lineLength;
}

export function discsOf(board: Board, seat: number): number {
  return board.flat().filter((disc) => disc === seat).length;
}
