// What is known of the planet that was chosen, and what its owner can do with it.
import { useState } from 'preact/hooks';
import type { PlanetView, View } from '../domain/view.ts';
import { focusOf, type Plan, plannedShips, shipsToSend, voyage, withFocus, withSend } from './plan.ts';
import type { Texts } from './texts.ts';

type Props = {
  readonly view: View;
  readonly plan: Plan;
  readonly from: PlanetView | undefined;
  readonly to: PlanetView | undefined;
  readonly mayOrder: boolean;
  readonly text: Texts;
  readonly nameOf: (seat: number) => string;
  readonly onPlan: (plan: Plan) => void;
  readonly onClose: () => void;
};

export function PlanetPanel(props: Props) {
  const { from, to, text, mayOrder, onClose } = props;
  const shown = to ?? from;
  if (shown === undefined) return <p class="panel hint">{mayOrder ? text.chooseOwn : ''}</p>;
  return (
    <section class="panel" aria-live="polite">
      <header>
        <h2>
          {from === undefined || to === undefined
            ? text.planet(shown.id)
            : `${text.planet(from.id)} → #${to.id}`}
        </h2>
        <button type="button" class="button close" aria-label={text.close} onClick={onClose}>
          ✕
        </button>
      </header>
      <Facts {...props} planet={shown} />
      {mayOrder && from !== undefined && to === undefined && <OwnPlanet {...props} planet={from} />}
      {mayOrder && from !== undefined && to !== undefined && <SendForm {...props} from={from} to={to} />}
    </section>
  );
}

function Facts({ planet, view, text, nameOf }: Props & { planet: PlanetView }) {
  const { owner, population, capacity, ships, seen } = planet;
  return (
    <p class="facts">
      <bdi>{owner === null ? text.neutral : owner === view.seat ? text.yours : nameOf(owner)}</bdi>
      {` · ${text.population} ${population}/${capacity} · ${text.ships} ${ships}`}
      {seen < view.turn && ` · ${text.seenIn(seen)}`}
    </p>
  );
}

function OwnPlanet({ planet, plan, text, onPlan }: Props & { planet: PlanetView }) {
  const focus = focusOf(plan, planet);
  return (
    <>
      <fieldset class="focus">
        <legend>{text.focus}</legend>
        {(['ships', 'growth'] as const).map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="focus"
              checked={focus === one}
              onChange={() => onPlan(withFocus(plan, planet, one))}
            />
            {one === 'ships' ? text.buildsShips : text.grows}
          </label>
        ))}
      </fieldset>
      <p class="hint">{text.chooseTarget}</p>
    </>
  );
}

function SendForm(props: Props & { from: PlanetView; to: PlanetView }) {
  const { view, plan, from, to, text, onPlan, onClose } = props;
  const planned = plannedShips(plan, from.id, to.id);
  const most = shipsToSend(plan, from, to.id);
  const { turns, arrives, needed } = voyage(view, from, to);
  const [ships, setShips] = useState(planned || Math.min(most, needed ?? most));
  if (most === 0) return <p class="hint">{text.noShips}</p>;
  const change = (value: string) => {
    const changed = Math.min(most, Math.max(1, Math.trunc(Number(value)) || 1));
    setShips(changed);
    return changed;
  };
  // A sandboxed frame submits no form.
  const send = (amount: number) => {
    onPlan(withSend(plan, { from: from.id, to: to.id, ships: amount }));
    onClose();
  };
  return (
    <div class="send">
      <p class="hint">
        {text.way(turns, arrives)} {needed !== undefined && text.takes(needed)}
      </p>
      <div class="amount">
        <input
          type="range"
          min="1"
          max={most}
          value={ships}
          aria-label={text.ships}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
        <input
          type="number"
          min="1"
          max={most}
          value={ships}
          aria-label={text.ships}
          onChange={({ currentTarget }) => change(currentTarget.value)}
          onKeyDown={({ key, currentTarget }) => {
            if (key !== 'Enter') return;
            send(change(currentTarget.value));
          }}
        />
        <button type="button" class="button primary" onClick={() => send(ships)}>
          {planned > 0 ? text.change : text.send}
        </button>
      </div>
    </div>
  );
}
