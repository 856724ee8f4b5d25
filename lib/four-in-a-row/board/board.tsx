// The board of four in a row: seven columns to choose from, by mouse, finger or keyboard.
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { connectToApp } from '../../board-kit/connect.ts';
import type { BoardState, OrdersRefused } from '../../board-kit/messages.ts';
import { columns, hasRoom, rows } from '../domain/board.ts';
import type { Orders, View } from '../rules.ts';
import { type Cell, winningCells } from './line.ts';
import { type Texts, texts } from './texts.ts';

type State = BoardState<View, Orders>;

const cellSize = 100;
const columnNumbers = Array.from({ length: columns }, (_, index) => index + 1);
const rowNumbers = Array.from({ length: rows }, (_, index) => index + 1);

const app = connectToApp<View, Orders>({
  onState: (state) => show(state, undefined),
  onRefused: (refused) => shown !== undefined && show(shown, refused),
});

let shown: State | undefined;

function show(state: State, refused: OrdersRefused | undefined): void {
  shown = state;
  render(<Board state={state} refused={refused} />, document.body);
}

function Board({ state, refused }: { state: State; refused: OrdersRefused | undefined }) {
  const { view, open_turn: openTurn, your_seat: yourSeat } = state;
  const text = texts(state.locale);
  const [looksAt, setLooksAt] = useState<number | null>(null);
  const mayMove = openTurn !== null && yourSeat !== null && openTurn.awaiting.includes(yourSeat);
  const mayDrop = (column: number) => mayMove && hasRoom(view.board, column);
  const drop = (column: number) => {
    if (openTurn !== null && mayDrop(column)) app.order(openTurn.turn, { column }, true);
  };
  const ghost = state.your_orders?.orders.column ?? (looksAt !== null && mayDrop(looksAt) ? looksAt : null);
  return (
    <main>
      <h1 class="only-heard">{text.title}</h1>
      <p class="status" role="status">
        {refused === undefined ? statusOf(state, text) : <span class="refused">{refused.message}</span>}
      </p>
      <div class="board">
        <Discs view={view} ghost={ghost === null ? null : { column: ghost, seat: yourSeat }} />
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid over the board */}
        <div class="columns" role="group" aria-label={text.board} onKeyDown={moveFocus}>
          {columnNumbers.map((column) => (
            <button
              key={column}
              type="button"
              class="column"
              aria-label={columnLabel(state, column, text)}
              aria-disabled={!mayDrop(column)}
              onClick={() => drop(column)}
              onMouseEnter={() => setLooksAt(column)}
              onMouseLeave={() => setLooksAt(null)}
              onFocus={() => setLooksAt(column)}
              onBlur={() => setLooksAt(null)}
            />
          ))}
        </div>
      </div>
      <Seats state={state} text={text} />
      <p class="last-move" aria-live="polite">
        {lastMoveOf(state, text)}
      </p>
    </main>
  );
}

/** Discs fall behind the plate, whose holes are cut out of it. */
function Discs({ view, ghost }: { view: View; ghost: { column: number; seat: number | null } | null }) {
  const { board, seats, last_move: last, outcome } = view;
  const winning = outcome?.reason === 'line' && outcome.winner !== null ? outcome.winner : null;
  const line = winning === null ? [] : winningCells(board, winning);
  const isIn = (cells: readonly Cell[], { column, row }: Cell) =>
    cells.some((cell) => cell.column === column && cell.row === row);
  const ghostRow = ghost === null ? 0 : (board[ghost.column - 1]?.length ?? 0) + 1;
  return (
    <svg viewBox={`0 0 ${columns * cellSize} ${rows * cellSize}`} aria-hidden="true">
      <mask id="plate">
        <rect width="100%" height="100%" fill="white" />
        {columnNumbers.flatMap((column) =>
          rowNumbers.map((row) => <circle key={`${column} ${row}`} {...centreOf({ column, row })} r="38" />),
        )}
      </mask>
      <rect width="100%" height="100%" class="hole" />
      {board.flatMap((discs, index) =>
        discs.map((seat, height) => {
          const cell = { column: index + 1, row: height + 1 };
          const isLast = last?.column === cell.column && last.row === cell.row;
          const faded = winning !== null && !isIn(line, cell);
          return (
            <Disc
              key={`${cell.column} ${cell.row}`}
              cell={cell}
              second={seat === seats[1]}
              name={`${isLast ? 'falls' : ''} ${faded ? 'faded' : ''}`}
            />
          );
        }),
      )}
      {ghost !== null && ghostRow <= rows && (
        <Disc cell={{ column: ghost.column, row: ghostRow }} second={ghost.seat === seats[1]} name="ghost" />
      )}
      <rect width="100%" height="100%" rx="24" class="plate" mask="url(#plate)" />
      {last !== null && <circle {...centreOf(last)} r="41" class="last" />}
      {line.map((cell) => (
        <circle key={`${cell.column} ${cell.row}`} {...centreOf(cell)} r="41" class="line" />
      ))}
    </svg>
  );
}

function centreOf({ column, row }: Cell) {
  return { cx: (column - 0.5) * cellSize, cy: (rows - row + 0.5) * cellSize };
}

/** The seats differ in more than colour: a ring or a spot. */
function Disc({ cell, second, name = '' }: { cell: Cell; second: boolean; name?: string }) {
  const { cx, cy } = centreOf(cell);
  return (
    <g class={`disc ${second ? 'second' : 'first'} ${name}`} style={{ '--rows': rows - cell.row + 1 }}>
      <circle cx={cx} cy={cy} r="42" class="body" />
      <circle cx={cx} cy={cy} r={second ? 12 : 25} class={second ? 'spot' : 'ring'} />
    </g>
  );
}

function Seats({ state, text }: { state: State; text: Texts }) {
  const { view, your_seat: yourSeat } = state;
  return (
    <ul class="seats">
      {view.seats.map((seat) => {
        const missed = view.missed[seat] ?? 0;
        return (
          <li key={seat} class={seat === view.next ? 'next' : ''}>
            <svg viewBox={`0 ${(rows - 1) * cellSize} ${cellSize} ${cellSize}`} aria-hidden="true">
              <Disc cell={{ column: 1, row: 1 }} second={seat === view.seats[1]} />
            </svg>
            <span>
              <bdi>{nameOf(state, seat)}</bdi>
              {seat === yourSeat && ` (${text.you})`}
              {missed > 0 && <small>{text.missed(missed)}</small>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function nameOf({ seats }: State, seat: number): string {
  return seats.find((one) => one.seat === seat)?.name ?? String(seat);
}

function statusOf(state: State, text: Texts): string {
  const { view, open_turn: openTurn, your_seat: yourSeat, your_orders: orders } = state;
  const { outcome, next } = view;
  if (outcome !== null) {
    const { winner, reason } = outcome;
    if (winner === null) return reason === 'left' ? text.bothLeft : `${text.draw} ${text.reasons[reason]}`;
    const won = winner === yourSeat ? text.youWon : text.won(nameOf(state, winner));
    return `${won} ${text.reasons[reason]}`;
  }
  if (openTurn === null) return text.paused;
  if (yourSeat !== null && openTurn.awaiting.includes(yourSeat)) {
    return orders === null ? text.yourTurn : text.chosen(orders.orders.column);
  }
  return next === null ? text.paused : text.waitingFor(nameOf(state, next));
}

function lastMoveOf(state: State, text: Texts): string {
  const last = state.view.last_move;
  if (last === null) return '';
  const name = nameOf(state, last.seat);
  return last.missing ? text.missedMove(name, last.column) : text.lastMove(name, last.column);
}

function columnLabel(state: State, column: number, text: Texts): string {
  const discs = state.view.board[column - 1] ?? [];
  const names = discs.map((seat) => nameOf(state, seat));
  const full = discs.length === rows ? `, ${text.full}` : '';
  return `${text.column(column)}, ${names.length === 0 ? text.empty : text.discs(names)}${full}`;
}

/** The arrow keys go from column to column; a digit goes to its column. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  const at = buttons.findIndex((button) => button.matches(':focus'));
  const steps: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: columns - 1 };
  const target = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : steps[event.key];
  if (target === undefined || buttons[target] === undefined) return;
  event.preventDefault();
  buttons[target].focus();
}
