// The frame in which the board of a game runs. A board is not trusted: it has no origin (docs/boards.md), and all that it
// can do is to send JSON texts to one port. Each is held to a size, a form and a rate before the app acts on it. A board
// that breaks the rules, or leaves its page, loses its frame.
import {
  type BoardOrders,
  type BoardState,
  boardProtocol,
  type FromBoard,
  type Greeting,
  maxBoardMessageBytes,
  type OrdersRefused,
  type ToBoard,
} from '../board-kit/messages.ts';
import { problemFinder } from '../engine/schema-problems.ts';
import { isRecord } from './is-record.ts';
import { MessageRate } from './message-rate.ts';

/** Why a board lost its frame: it went to another page, sent what is not a message, or sent too much. */
export type BoardFault = 'left_its_page' | 'malformed_message' | 'message_too_large' | 'too_many_messages';

export type BoardFrameOptions = {
  readonly parent: HTMLElement;
  /** Such as `/boards/chess/1.0.0/`. */
  readonly address: string;
  /** For screen readers. */
  readonly title: string;
  readonly ordersSchema: Readonly<Record<string, unknown>>;
  /** Gets orders that the schema allows. */
  readonly onOrders: (orders: BoardOrders) => void;
  /** The frame has the height that the board wants, or the board does not say. */
  readonly onSized: () => void;
  /** The frame is gone. */
  readonly onFault: (fault: BoardFault) => void;
};

export type BoardFrame = {
  show(state: BoardState): void;
  refuse(refused: OrdersRefused): void;
  close(): void;
};

/** What comes below a board waits no longer for its height. */
const sizingMs = 2_000;

const heights = { least: 120, first: 480, most: 4_000 };

export function openBoard(options: BoardFrameOptions): BoardFrame {
  const { parent, address, title, onSized, onFault } = options;
  const { port1: port, port2: itsPort } = new MessageChannel();
  const frame = document.createElement('iframe');
  const close = () => {
    port.onmessage = null;
    port.close();
    frame.remove();
  };
  const fail = (fault: BoardFault) => {
    close();
    onFault(fault);
  };
  const problemsOf = problemFinder(options.ordersSchema);
  const send = (message: ToBoard) => port.postMessage(JSON.stringify(message));

  const rate = new MessageRate();
  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!rate.take(performance.now())) return fail('too_many_messages');
    const message = readMessage(data);
    if (typeof message === 'string') return fail(message);
    if (message.type === 'height') {
      frame.style.height = `${Math.min(Math.max(message.pixels, heights.least), heights.most)}px`;
      return onSized();
    }
    const problems = problemsOf(message.orders);
    if (problems.length === 0) return options.onOrders(message);
    send({ type: 'orders_refused', message: problems.map(sentence).join(' '), problems });
  };

  frame.title = title;
  frame.className = 'board';
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.referrerPolicy = 'no-referrer';
  frame.style.height = `${heights.first}px`;
  let loaded = false;
  frame.addEventListener('load', () => {
    // The board has gone to another page, which must not get what this one was told.
    if (loaded) return fail('left_its_page');
    loaded = true;
    const greeting: Greeting = { type: 'galaxy.board', protocol: boardProtocol };
    // A frame without an origin can only be addressed as any.
    frame.contentWindow?.postMessage(greeting, '*', [itsPort]);
  });
  frame.src = address;
  parent.append(frame);
  setTimeout(onSized, sizingMs);
  return { show: send, refuse: send, close };
}

function readMessage(data: unknown): FromBoard | BoardFault {
  if (typeof data !== 'string') return 'malformed_message';
  if (data.length > maxBoardMessageBytes) return 'message_too_large';
  if (new TextEncoder().encode(data).length > maxBoardMessageBytes) return 'message_too_large';
  const message = parse(data);
  if (!isRecord(message)) return 'malformed_message';
  const { type, pixels, turn, orders, ready } = message;
  if (type === 'height' && typeof pixels === 'number') return { type, pixels };
  if (type === 'orders' && Number.isInteger(turn) && isRecord(orders) && typeof ready === 'boolean') {
    return { type, turn: Number(turn), orders, ready };
  }
  return 'malformed_message';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentence({ path, message }: { path: string; message: string }): string {
  return path === '' ? message : `${path}: ${message}`;
}
