// The orders of the turn, and that the player is ready.
import type { View } from '../domain/view.ts';
import { type Plan, planetWith, voyage, withSend } from './plan.ts';
import type { Texts } from './texts.ts';

export function OrderList(props: {
  view: View;
  plan: Plan;
  ready: boolean;
  text: Texts;
  onPlan: (plan: Plan) => void;
  onReady: () => void;
}) {
  const { view, plan, ready, text, onPlan, onReady } = props;
  const entries = [
    ...plan.send.map((send) => {
      const [from, to] = [planetWith(view, send.from), planetWith(view, send.to)];
      const arrives = from === undefined || to === undefined ? 0 : voyage(view, from, to).arrives;
      return {
        key: `send ${send.from} ${send.to}`,
        words: text.order(send.ships, send.from, send.to, arrives),
        without: () => withSend(plan, { ...send, ships: 0 }),
      };
    }),
    ...plan.focus.map((order) => ({
      key: `focus ${order.planet}`,
      words: text.focusOrder(order.planet, order.focus === 'ships' ? text.buildsShips : text.grows),
      without: () => ({ ...plan, focus: plan.focus.filter((other) => other !== order) }),
    })),
  ];
  return (
    <section class="orders">
      <h2>{text.orders}</h2>
      {entries.length === 0 && <p class="hint">{text.noOrders}</p>}
      <ul>
        {entries.map(({ key, words, without }) => (
          <li key={key}>
            <span>{words}</span>
            <button
              type="button"
              class="button close"
              aria-label={`${text.takeBack}: ${words}`}
              onClick={() => onPlan(without())}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="button primary ready" disabled={ready} onClick={onReady}>
        {ready ? '✓ ' : ''}
        {text.done}
      </button>
    </section>
  );
}
