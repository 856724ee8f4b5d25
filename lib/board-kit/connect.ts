// The board's end of the port to the app.
import type { BoardOrders, BoardState, FromBoard, Greeting, OrdersRefused, ToBoard } from './messages.ts';

export type AppConnection<Orders> = {
  /** Gives orders for a turn, in place of earlier ones. */
  order(turn: number, orders: Orders, ready: boolean): void;
};

/** Waits for the app, keeps its frame as high as the page, and passes on what the app says. */
export function connectToApp<View, Orders>(listener: {
  onState: (state: BoardState<View, Orders>) => void;
  onRefused: (refused: OrdersRefused) => void;
}): AppConnection<Orders> {
  let port: MessagePort | undefined;
  const send = (message: FromBoard) => port?.postMessage(JSON.stringify(message));

  const greeted = (event: MessageEvent<Greeting>) => {
    const [first] = event.ports;
    if (event.source !== window.parent || event.data?.type !== 'galaxy.board' || first === undefined) return;
    window.removeEventListener('message', greeted);
    port = first;
    first.onmessage = ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as ToBoard<View, Orders>;
      if (message.type === 'state') {
        showPreferences(message);
        listener.onState(message);
      } else if (message.type === 'orders_refused') {
        listener.onRefused(message);
      }
    };
    tellHeight(send);
  };
  window.addEventListener('message', greeted);

  return {
    order(turn, orders, ready) {
      const message: BoardOrders<Orders> = { type: 'orders', turn, orders, ready };
      send(message);
    },
  };
}

function showPreferences({ locale, theme }: BoardState): void {
  document.documentElement.lang = locale;
  document.documentElement.dataset.theme = theme;
}

function tellHeight(send: (message: FromBoard) => void): void {
  let told = 0;
  const observer = new ResizeObserver(() => {
    const pixels = Math.ceil(document.body.getBoundingClientRect().height);
    if (pixels === told) return;
    told = pixels;
    send({ type: 'height', pixels });
  });
  observer.observe(document.body);
}
