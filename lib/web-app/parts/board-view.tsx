// The board of the game in its frame, and the form of orders beside it.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { BoardOrders, BoardState } from '../../board-kit/messages.ts';
import { type BoardFrame, openBoard } from '../board-frame.ts';
import { useWords } from '../context.ts';
import type { Schema } from '../schema-field.ts';
import type { Problem } from '../schema-form.tsx';
import { gameTitle } from './game-card.tsx';

/** @param count tells refusals apart that say the same. */
export type Refusal = {
  readonly message: string;
  readonly problems: readonly Problem[];
  readonly count: number;
};

export function BoardView(props: {
  family: string;
  version: string;
  ordersSchema: Schema;
  state: BoardState;
  refusal: Refusal | undefined;
  onOrders: (orders: BoardOrders) => void;
  onFault: () => void;
  children: ComponentChildren;
}) {
  const { family, version, ordersSchema, state, refusal, children } = props;
  const { text } = useWords();
  const address = `/boards/${encodeURIComponent(family)}/${encodeURIComponent(version)}/`;
  const exists = useExists(address);
  const [sized, setSized] = useState(false);
  const parent = useRef<HTMLDivElement>(null);
  const frame = useRef<BoardFrame | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (exists !== true || parent.current === null) return;
    const opened = openBoard({
      parent: parent.current,
      address,
      title: text.game.board(gameTitle(family)),
      ordersSchema,
      onSized: () => setSized(true),
      onOrders: (orders) => latest.current.onOrders(orders),
      onFault: () => latest.current.onFault(),
    });
    frame.current = opened;
    opened.show(latest.current.state);
    return () => opened.close();
  }, [exists, address]);

  const shown = JSON.stringify(state);
  useEffect(() => frame.current?.show(state), [shown]);
  useEffect(() => {
    if (refusal !== undefined) frame.current?.refuse({ type: 'orders_refused', ...refusal });
  }, [refusal]);

  if (exists === false) return <>{children}</>;
  return (
    <>
      <div class={sized ? 'board-frame' : 'board-frame loading'} ref={parent} />
      {children !== false && (
        <details class="by-form">
          <summary>{text.game.asForm}</summary>
          {children}
        </details>
      )}
    </>
  );
}

/** Whether the gateway has a board; undefined until it has said so. */
function useExists(address: string): boolean | undefined {
  const [exists, setExists] = useState<boolean>();
  useEffect(() => {
    let isCurrent = true;
    fetch(address, { method: 'HEAD' }).then(
      ({ ok }) => isCurrent && setExists(ok),
      () => isCurrent && setExists(false),
    );
    return () => {
      isCurrent = false;
    };
  }, [address]);
  return exists;
}
