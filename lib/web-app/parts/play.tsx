// A game that is played: the turn, the seats, the board, and the player's orders.
import { useRef, useState } from 'preact/hooks';
import type { BoardOrders, BoardState } from '../../board-kit/messages.ts';
import {
  CommandError,
  type Engine,
  type GalaxyClient,
  type Game,
  type Orders,
  type Turn,
  type View,
} from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { wordsFor } from '../errors.ts';
import type { GameState } from '../game-state.ts';
import { isRecord } from '../is-record.ts';
import { OrdersForm } from '../orders-form.tsx';
import type { Problem } from '../schema-form.tsx';
import { seatNames } from '../seat-names.ts';
import { useEngines } from '../use-engines.ts';
import { about, useLoad } from '../use-load.ts';
import { useTheme } from '../use-theme.ts';
import { Act, Async, Countdown } from './basics.tsx';
import { BoardView, type Refusal } from './board-view.tsx';
import { EarlierTurnsBar, useEarlierTurns } from './earlier-turns.tsx';

type Played = {
  readonly turn: Turn;
  /** null where nothing is shown to those who watch. */
  readonly view: View | null;
  readonly orders: Orders | null;
};

export function Play({ state, onChanged }: { state: GameState; onChanged: () => Promise<void> }) {
  const { client } = usePlayer();
  const { game } = state;
  const engines = useEngines();
  const played = useLoad(
    `play ${game.game_id} ${game.status}`,
    () => loadPlay(client, game.game_id),
    about(game.game_id),
  );
  return (
    <Async of={engines}>
      {(offered) => (
        <Async of={played}>
          {(now) => (
            <Table
              state={state}
              played={now}
              engine={engineOf(offered, game)}
              reload={async () => {
                await Promise.all([played.reload(), onChanged()]);
              }}
            />
          )}
        </Async>
      )}
    </Async>
  );
}

function engineOf(offered: readonly Engine[], game: Game): Engine | undefined {
  return offered.find(
    ({ family, version }) => family === game.engine_family && version === game.target_engine_version,
  );
}

async function loadPlay(client: GalaxyClient, gameId: string): Promise<Played> {
  const { game } = client;
  const turn = await firstTurn(client, gameId);
  const hasOrders = turn.status === 'open' && turn.your_orders !== null && turn.your_orders !== 'none';
  const [view, orders] = await Promise.all([
    game.view.get({ game_id: gameId, ...(turn.your_seat === null && { as: 'spectator' }) }).catch(notShown),
    hasOrders ? game.orders.get({ game_id: gameId, turn: turn.turn }).catch(playedMeanwhile) : null,
  ]);
  return { turn, view, orders };
}

/** No event says that the engine of a game that was started has it. */
async function firstTurn({ game }: GalaxyClient, gameId: string): Promise<Turn> {
  for (let pauseMs = 250; ; pauseMs *= 1.5) {
    try {
      return await game.turn.get({ game_id: gameId });
    } catch (error) {
      const isSettingUp =
        error instanceof CommandError &&
        error.code === 'game_not_running' &&
        error.details.status === 'running';
      if (!isSettingUp || pauseMs > 10_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function notShown(error: unknown): null {
  if (error instanceof CommandError && ['forbidden', 'not_found'].includes(error.code)) return null;
  throw error;
}

/** The event that says so loads everything once more. */
function playedMeanwhile(error: unknown): null {
  if (error instanceof CommandError && ['turn_closed', 'game_not_running'].includes(error.code)) return null;
  throw error;
}

type TableProps = {
  readonly state: GameState;
  readonly played: Played;
  readonly engine: Engine | undefined;
  readonly reload: () => Promise<void>;
};

function Table(props: TableProps) {
  const { state, played, engine } = props;
  const { language, text } = useWords();
  const theme = useTheme();
  const { turn } = played;
  const earlier = useEarlierTurns(turn);
  const isNow = earlier.turn === undefined;
  const view = earlier.view ?? played.view;
  const [fault, setFault] = useState(false);
  const { give, refusal } = useOrders(props);
  const seats = seatNames(state, text);
  const mayOrder = isNow && turn.status === 'open' && turn.your_seat !== null;
  const boardState: BoardState = {
    type: 'state',
    locale: language,
    theme,
    seats,
    your_seat: turn.your_seat,
    view: view?.view,
    view_turn: view?.turn ?? 0,
    open_turn: isNow ? openTurnOf(turn) : null,
    your_orders: isNow ? storedOf(played) : null,
  };
  const schema = engine?.manifest.orders_schema;
  return (
    <>
      <TurnHead
        turn={turn}
        seats={seats}
        onNotReady={() => give(played.orders?.orders ?? {}, false, turn.turn)}
      />
      {view === null ? (
        <p class="notice">{text.game.noView}</p>
      ) : (
        !isOver(turn) && <EarlierTurnsBar earlier={earlier} last={turn.played_turn} />
      )}
      {refusal !== undefined && (
        <p class="notice warn" role="alert">
          {refusal.message}
        </p>
      )}
      {view !== null && schema !== undefined && !fault && (
        <BoardView
          key={`${state.game.engine_family} ${state.game.target_engine_version}`}
          family={state.game.engine_family}
          version={state.game.target_engine_version}
          ordersSchema={schema}
          state={boardState}
          refusal={refusal}
          onOrders={({ orders, ready, turn: forTurn }: BoardOrders) => {
            if (isRecord(orders)) void give(orders, ready, forTurn);
          }}
          onFault={() => setFault(true)}
        >
          {mayOrder && <FormOfOrders {...props} schema={schema} refusal={refusal} give={give} />}
        </BoardView>
      )}
      {fault && schema !== undefined && (
        <>
          <p class="notice warn" role="alert">
            {text.game.boardFault}
          </p>
          {mayOrder && <FormOfOrders {...props} schema={schema} refusal={refusal} give={give} />}
        </>
      )}
    </>
  );
}

type Give = (orders: Readonly<Record<string, unknown>>, ready: boolean, turn: number) => Promise<void>;

/** Gives orders one after the other; of those that come meanwhile only the last. */
function useOrders({ state, reload }: TableProps): { give: Give; refusal: Refusal | undefined } {
  const { client } = usePlayer();
  const { text } = useWords();
  const [refusal, setRefusal] = useState<Refusal>();
  const waiting = useRef<Parameters<Give> | undefined>(undefined);
  const isBusy = useRef(false);
  const gameId = state.game.game_id;

  const send: Give = async (orders, ready, turn) => {
    try {
      await client.game.orders.submit({ game_id: gameId, turn, orders, ready });
      setRefusal(undefined);
    } catch (error) {
      setRefusal({ message: wordsFor(error, text), problems: problemsOf(error), count: Date.now() });
    }
  };
  const give: Give = async (...order) => {
    waiting.current = order;
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      while (waiting.current !== undefined) {
        const next: Parameters<Give> = waiting.current;
        waiting.current = undefined;
        await send(...next);
      }
    } finally {
      isBusy.current = false;
    }
    await reload();
  };
  return { give, refusal };
}

function problemsOf(error: unknown): Problem[] {
  const problems: unknown = error instanceof CommandError ? error.details.problems : undefined;
  if (!Array.isArray(problems)) return [];
  return problems.flatMap((one: unknown) =>
    isRecord(one) ? [{ path: String(one.path ?? ''), message: String(one.message ?? '') }] : [],
  );
}

function isOver({ status }: Turn): boolean {
  return status === 'finished' || status === 'cancelled';
}

function openTurnOf(turn: Turn): BoardState['open_turn'] {
  const { status, due_at: dueAt, awaiting, ready } = turn;
  return status === 'open' && dueAt !== null ? { turn: turn.turn, due_at: dueAt, awaiting, ready } : null;
}

function storedOf({ orders }: Played): BoardState['your_orders'] {
  if (orders?.orders === undefined) return null;
  return { orders: orders.orders, ready: orders.state === 'ready' };
}

function FormOfOrders(
  props: TableProps & { schema: Record<string, unknown>; refusal: Refusal | undefined; give: Give },
) {
  const { played, schema, refusal, give } = props;
  const { text } = useWords();
  return (
    <OrdersForm
      schema={schema}
      orders={played.orders?.orders}
      turn={played.turn.turn}
      problems={refusal?.problems ?? []}
      text={{ ...text.form, ...text.game }}
      onOrders={(orders, ready) => void give(orders, ready, played.turn.turn)}
    />
  );
}

function TurnHead(props: {
  turn: Turn;
  seats: readonly { seat: number; name: string }[];
  onNotReady: () => Promise<void>;
}) {
  const { turn, seats, onNotReady } = props;
  const { text } = useWords();
  const { status, due_at: dueAt, awaiting, ready, your_seat: yourSeat, your_orders: yourOrders } = turn;
  if (isOver(turn)) return null;
  return (
    <section class="turn-head">
      <p class="turn">
        <strong>{text.game.turn(turn.turn)}</strong>
        {status === 'open' && dueAt !== null && (
          <>
            {` · ${text.game.dueIn} `}
            <Countdown to={dueAt} />
          </>
        )}
        {status === 'closed' && ` · ${text.game.closed}`}
      </p>
      <ul class="seats">
        {seats.map(({ seat, name }) => (
          <li key={seat} class={seat === yourSeat ? 'own' : ''}>
            <bdi>{name}</bdi>
            {seat === yourSeat && ` (${text.you})`}
            {ready.includes(seat) && <span class="tag ready">✓ {text.game.isReady}</span>}
            {!ready.includes(seat) && awaiting.includes(seat) && (
              <span class="tag">{text.game.isAwaited}</span>
            )}
          </li>
        ))}
      </ul>
      {status === 'open' && (
        <p class="your-turn" role="status">
          {yourSeat === null && text.game.watching}
          {yourSeat !== null && yourOrders === 'draft' && text.game.draftStored}
          {yourSeat !== null && yourOrders === 'none' && awaiting.includes(yourSeat) && text.game.waitsForYou}
          {yourSeat !== null && yourOrders === 'ready' && (
            <>
              {text.game.youAreReady} <Act label={text.game.notReady} onAct={onNotReady} />
            </>
          )}
        </p>
      )}
    </section>
  );
}
