// What the app and the board of a game say to each other: JSON texts over one MessagePort. docs/boards.md describes it
// for those who write boards.

export const boardProtocol = 1;

/** Of one message from a board, in bytes of UTF-8. */
export const maxBoardMessageBytes = 64 * 1024;

/** With this the app hands a board its port, once. */
export type Greeting = { readonly type: 'galaxy.board'; readonly protocol: typeof boardProtocol };

export type BoardSeat = { readonly seat: number; readonly name: string };

/** All that a board shows. Sent whole whenever something of it changes. */
export type BoardState<View = unknown, Orders = unknown> = {
  readonly type: 'state';
  /** `en`, `de`, `ru`; boards without the language show English. */
  readonly locale: string;
  readonly theme: 'light' | 'dark';
  readonly seats: readonly BoardSeat[];
  /** null for those who watch. */
  readonly your_seat: number | null;
  /** What the engine shows after `view_turn`. */
  readonly view: View;
  readonly view_turn: number;
  /** The turn that takes orders; null while there is none. */
  readonly open_turn: OpenTurn | null;
  /** Your orders for the open turn, as they are stored; null while there are none. */
  readonly your_orders: { readonly orders: Orders; readonly ready: boolean } | null;
};

export type OpenTurn = {
  readonly turn: number;
  /** RFC 3339. */
  readonly due_at: string;
  /** The seats that the turn waits for. */
  readonly awaiting: readonly number[];
  readonly ready: readonly number[];
};

/** Orders were not stored. */
export type OrdersRefused = {
  readonly type: 'orders_refused';
  /** In the player's language. */
  readonly message: string;
  /** `path` leads into the orders (RFC 6901). */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
};

export type ToBoard<View = unknown, Orders = unknown> = BoardState<View, Orders> | OrdersRefused;

/** Orders for a turn, in place of earlier ones. With `ready` nobody need wait for the player. */
export type BoardOrders<Orders = unknown> = {
  readonly type: 'orders';
  readonly turn: number;
  readonly orders: Orders;
  readonly ready: boolean;
};

/** How high the board is, in CSS pixels at the width that it has. */
export type BoardHeight = { readonly type: 'height'; readonly pixels: number };

export type FromBoard = BoardOrders | BoardHeight;
