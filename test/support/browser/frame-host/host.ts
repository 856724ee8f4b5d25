// A page that shows a board as the app does, and keeps what the board sends for the test to read.
import type { BoardOrders, BoardState } from '../../../../lib/board-kit/messages.ts';
import { type BoardFault, type BoardFrame, openBoard } from '../../../../lib/web-app/board-frame.ts';

export type BoardHost = {
  open(address: string, ordersSchema: Record<string, unknown>): void;
  show(state: BoardState): void;
  refuse(message: string): void;
  orders: BoardOrders[];
  faults: BoardFault[];
};

let frame: BoardFrame | undefined;
const [parent] = document.getElementsByTagName('main');

const host: BoardHost = {
  open(address, ordersSchema) {
    if (parent === undefined) throw new Error('the page has no main');
    frame?.close();
    frame = openBoard({
      parent,
      address,
      title: 'The board',
      ordersSchema,
      onSized: () => {},
      onOrders: (orders) => host.orders.push(orders),
      onFault: (fault) => host.faults.push(fault),
    });
  },
  show: (state) => frame?.show(state),
  refuse: (message) => frame?.refuse({ type: 'orders_refused', message, problems: [] }),
  orders: [],
  faults: [],
};

Object.assign(globalThis, { boardHost: host });
