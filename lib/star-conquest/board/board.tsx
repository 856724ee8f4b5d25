// The board of star conquest: the map, the planet that was chosen, and the orders of the turn.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { connectToApp } from '../../board-kit/connect.ts';
import type { BoardState, OrdersRefused } from '../../board-kit/messages.ts';
import type { Orders } from '../domain/orders.ts';
import type { PlanetView, View } from '../domain/view.ts';
import { GalaxyMap, type Selection, seatClass } from './map.tsx';
import { OrderList } from './order-list.tsx';
import { type Plan, planetWith, planOf } from './plan.ts';
import { PlanetPanel } from './planet-panel.tsx';
import { type Texts, texts } from './texts.ts';

type State = BoardState<View, Orders>;

const nothing: Selection = { from: null, to: null };

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
  const { view, open_turn: openTurn, your_orders: stored } = state;
  const text = texts(state.locale);
  const [selection, setSelection] = useState(nothing);
  const [plan, setPlan] = useState(planOf(stored?.orders));
  const turn = openTurn?.turn;
  // A new turn begins with what is stored for it: most often nothing. Within a turn the plan is newer than that.
  useEffect(() => {
    setPlan(planOf(stored?.orders));
    setSelection(nothing);
  }, [turn]);

  const mayOrder = turn !== undefined && view.seat !== null;
  const order = (next: Plan, ready: boolean) => {
    if (turn === undefined) return;
    setPlan(next);
    app.order(turn, next, ready);
  };
  const choose = (planet: PlanetView) => setSelection(selectionAfter(view, selection, planet));
  const nameOf = (seat: number) => state.seats.find((one) => one.seat === seat)?.name ?? String(seat);
  const from = planetWith(view, selection.from);
  const to = planetWith(view, selection.to);

  return (
    <main>
      <h1 class="only-heard">{text.title}</h1>
      <p class="status" role="status">
        <strong>{text.turn(Math.min(view.turn + 1, view.turns), view.turns)}</strong>{' '}
        <span class={refused === undefined ? '' : 'refused'}>
          {refused?.message ?? statusOf(state, text)}
        </span>
      </p>
      <div class="sides">
        {view.seat !== null && (
          <GalaxyMap
            view={view}
            plan={plan}
            selection={selection}
            text={text}
            nameOf={nameOf}
            onChoose={choose}
            onLeave={() => setSelection(nothing)}
          />
        )}
        <div class="side">
          <Seats state={state} text={text} nameOf={nameOf} />
          {view.seat !== null && view.outcome === null && (
            <PlanetPanel
              key={`${selection.from} ${selection.to} ${turn}`}
              view={view}
              plan={plan}
              from={from}
              to={to}
              mayOrder={mayOrder}
              text={text}
              nameOf={nameOf}
              onPlan={(next) => order(next, false)}
              onClose={() => setSelection(nothing)}
            />
          )}
          {mayOrder && (
            <OrderList
              view={view}
              plan={plan}
              ready={stored?.ready === true}
              text={text}
              onPlan={(next) => order(next, false)}
              onReady={() => order(plan, true)}
            />
          )}
          {view.outcome !== null && (
            <Ranking outcome={view.outcome} text={text} nameOf={nameOf} view={view} />
          )}
        </div>
      </div>
    </main>
  );
}

/** First an own planet, then where its ships are to go; another planet alone is only looked at. */
function selectionAfter(view: View, { from, to }: Selection, { id, owner }: PlanetView): Selection {
  if (id === from || (from === null && id === to)) return nothing;
  if (id === to) return { from, to: null };
  if (from === null && owner === view.seat) return { from: id, to: null };
  return { from, to: id };
}

function statusOf({ view, open_turn: openTurn, your_orders: stored }: State, text: Texts): string {
  if (view.outcome !== null) return text.over[view.outcome.reason];
  if (view.seat === null) return text.watching;
  if (openTurn === null) return text.notOpen;
  if (stored === null) return '';
  return stored.ready ? text.ready : text.stored;
}

type NameOf = (seat: number) => string;

function Seats({ state, text, nameOf }: { state: State; text: Texts; nameOf: NameOf }) {
  const { view, open_turn: openTurn } = state;
  return (
    <ul class="seats">
      {view.seats.map(({ seat, alive }) => (
        <li key={seat} class={alive ? '' : 'out'}>
          <span class={`badge ${seatClass(view, seat)}`}>{seat}</span>
          <span>
            <bdi>{nameOf(seat)}</bdi>
            {seat === view.seat && ` (${text.you})`}
            {!alive && ` – ${text.out}`}
            {openTurn?.ready.includes(seat) && ' ✓'}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Ranking(props: { outcome: NonNullable<View['outcome']>; view: View; text: Texts; nameOf: NameOf }) {
  const { outcome, view, text, nameOf } = props;
  return (
    <table class="ranking">
      <thead>
        <tr>
          <th scope="col">{text.rank}</th>
          <th scope="col">{text.player}</th>
          <th scope="col">{text.population}</th>
          <th scope="col">{text.ships}</th>
          <th scope="col">{text.planets}</th>
        </tr>
      </thead>
      <tbody>
        {outcome.ranking
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ seat, rank, population, ships, planets }) => (
            <tr key={seat} class={seat === view.seat ? 'own' : ''}>
              <td>{rank}</td>
              <th scope="row">
                <span class={`badge ${seatClass(view, seat)}`}>{seat}</span> <bdi>{nameOf(seat)}</bdi>
              </th>
              <td>{population}</td>
              <td>{ships}</td>
              <td>{planets}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
