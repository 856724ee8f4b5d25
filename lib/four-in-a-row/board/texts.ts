import { textsFor } from '../../board-kit/language.ts';
import type { View } from '../rules.ts';

type Reason = NonNullable<View['outcome']>['reason'];

export type Texts = {
  readonly title: string;
  readonly yourTurn: string;
  readonly waitingFor: (name: string) => string;
  /** Your disc waits for the turn to be played. */
  readonly chosen: (column: number) => string;
  readonly won: (name: string) => string;
  readonly youWon: string;
  readonly reasons: Readonly<Record<Reason, string>>;
  readonly draw: string;
  readonly bothLeft: string;
  readonly paused: string;
  readonly you: string;
  readonly column: (column: number) => string;
  readonly discs: (names: readonly string[]) => string;
  readonly empty: string;
  readonly full: string;
  readonly lastMove: (name: string, column: number) => string;
  readonly missedMove: (name: string, column: number) => string;
  readonly missed: (moves: number) => string;
  readonly board: string;
};

const en: Texts = {
  title: 'Four in a row',
  yourTurn: 'Your turn: choose a column.',
  waitingFor: (name) => `Waiting for ${name}.`,
  chosen: (column) =>
    `You have chosen column ${column}. Until the turn is played you can choose another one.`,
  won: (name) => `${name} has won.`,
  youWon: 'You have won!',
  reasons: {
    line: 'Four in a row.',
    full: 'The board is full.',
    missed: 'The other seat has missed three moves in a row.',
    left: 'The other player has left.',
  },
  draw: 'A draw.',
  bothLeft: 'Both players have left.',
  paused: 'No moves can be made now.',
  you: 'you',
  column: (column) => `Column ${column}`,
  discs: (names) => `from below: ${names.join(', ')}`,
  empty: 'empty',
  full: 'full',
  lastMove: (name, column) => `Last move: ${name}, column ${column}.`,
  missedMove: (name, column) => `${name} missed the move; a disc was dropped into column ${column}.`,
  missed: (moves) => `moves missed in a row: ${moves} of 3`,
  board: 'Board',
};

const de: Texts = {
  title: 'Vier in einer Reihe',
  yourTurn: 'Du bist am Zug: Wähle eine Spalte.',
  waitingFor: (name) => `Warten auf ${name}.`,
  chosen: (column) =>
    `Du hast Spalte ${column} gewählt. Bis der Zug gespielt wird, kannst du dich umentscheiden.`,
  won: (name) => `${name} hat gewonnen.`,
  youWon: 'Du hast gewonnen!',
  reasons: {
    line: 'Vier in einer Reihe.',
    full: 'Das Brett ist voll.',
    missed: 'Der andere Platz hat drei Züge nacheinander verpasst.',
    left: 'Der andere Spieler ist gegangen.',
  },
  draw: 'Unentschieden.',
  bothLeft: 'Beide Spieler sind gegangen.',
  paused: 'Im Moment kann nicht gezogen werden.',
  you: 'du',
  column: (column) => `Spalte ${column}`,
  discs: (names) => `von unten: ${names.join(', ')}`,
  empty: 'leer',
  full: 'voll',
  lastMove: (name, column) => `Letzter Zug: ${name}, Spalte ${column}.`,
  missedMove: (name, column) => `${name} hat den Zug verpasst; ein Stein fiel in Spalte ${column}.`,
  missed: (moves) => `nacheinander verpasste Züge: ${moves} von 3`,
  board: 'Brett',
};

const ru: Texts = {
  title: 'Четыре в ряд',
  yourTurn: 'Ваш ход: выберите столбец.',
  waitingFor: (name) => `Ожидаем: ${name}.`,
  chosen: (column) => `Вы выбрали столбец ${column}. Пока ход не сыгран, выбор можно изменить.`,
  won: (name) => `Победа: ${name}.`,
  youWon: 'Вы победили!',
  reasons: {
    line: 'Четыре в ряд.',
    full: 'Поле заполнено.',
    missed: 'Соперник пропустил три хода подряд.',
    left: 'Соперник покинул игру.',
  },
  draw: 'Ничья.',
  bothLeft: 'Оба игрока покинули игру.',
  paused: 'Сейчас ходить нельзя.',
  you: 'вы',
  column: (column) => `Столбец ${column}`,
  discs: (names) => `снизу вверх: ${names.join(', ')}`,
  empty: 'пусто',
  full: 'заполнен',
  lastMove: (name, column) => `Последний ход: ${name}, столбец ${column}.`,
  missedMove: (name, column) => `Пропущен ход: ${name}. Фишка упала в столбец ${column}.`,
  missed: (moves) => `пропущено ходов подряд: ${moves} из 3`,
  board: 'Поле',
};

export const texts = (locale: string): Texts => textsFor({ en, de, ru }, locale);
