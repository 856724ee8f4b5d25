// The map: what the seat knows, what it sees, and what it plans.
import { useEffect, useRef, useState } from 'preact/hooks';
import { sightRange } from '../domain/geometry.ts';
import type { FleetView, PlanetView, View } from '../domain/view.ts';
import { isArrow, neighbour, type Plan, planetWith } from './plan.ts';
import type { Texts } from './texts.ts';

export type Selection = { readonly from: number | null; readonly to: number | null };

type Props = {
  readonly view: View;
  readonly plan: Plan;
  readonly selection: Selection;
  readonly text: Texts;
  readonly nameOf: (seat: number) => string;
  readonly onChoose: (planet: PlanetView) => void;
  readonly onLeave: () => void;
};

export function GalaxyMap(props: Props) {
  const { view, plan, selection, text, nameOf, onChoose, onLeave } = props;
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(svg);
  const field = fieldOf(view);
  // Numbers stay as large on the screen, however much of the galaxy is shown.
  const unit = field.size / width;
  const own = [...view.planets, ...view.fleets].filter(({ owner }) => owner === view.seat);
  const [focused, setFocused] = useState<number | null>(null);
  const entry = planetWith(view, focused) ?? view.planets.find(({ owner }) => owner === view.seat);

  // On a phone there is no room for the ids of all.
  const inUse = [selection, ...plan.send].flatMap(({ from, to }) => [from, to]);
  const isNamed = ({ id }: PlanetView) => unit < 1.8 || inUse.includes(id);

  const onKeyDown = (event: KeyboardEvent) => {
    const at = planetWith(view, focused);
    if (event.key === 'Escape') return onLeave();
    if (at === undefined) return;
    if (event.key === 'Enter' || event.key === ' ') onChoose(at);
    else if (isArrow(event.key)) focusPlanet(svg.current, neighbour(view, at, event.key));
    else return;
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset
    <svg
      ref={svg}
      class="map"
      viewBox={`${field.x} ${field.y} ${field.size} ${field.size}`}
      role="group"
      aria-label={text.map}
      onKeyDown={onKeyDown}
    >
      <g class="sight">
        {own.map(({ x, y }) => (
          <circle key={`${x} ${y}`} cx={x} cy={y} r={sightRange} />
        ))}
      </g>
      {plan.send.map(({ from, to, ships }) => (
        <Way
          key={`${from} ${to}`}
          from={planetWith(view, from)}
          to={planetWith(view, to)}
          ships={ships}
          unit={unit}
        />
      ))}
      {view.fleets.map((fleet) => (
        <Fleet
          key={JSON.stringify(fleet)}
          fleet={fleet}
          view={view}
          unit={unit}
          label={text.fleet(
            fleet.owner === view.seat ? text.yours : nameOf(fleet.owner),
            fleet.ships,
            fleet.to,
          )}
        />
      ))}
      {view.planets.map((planet) => (
        <Planet
          key={planet.id}
          planet={planet}
          view={view}
          unit={unit}
          label={labelOf(planet, view, text, nameOf)}
          chosen={planet.id === selection.from ? 'from' : planet.id === selection.to ? 'to' : ''}
          tabIndex={planet.id === entry?.id ? 0 : -1}
          onChoose={() => onChoose(planet)}
          onFocus={() => setFocused(planet.id)}
        />
      ))}
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a group cannot be focused */}
      <g aria-hidden="true">
        {view.planets.map((planet) => (
          <Numbers key={planet.id} planet={planet} view={view} unit={unit} named={isNamed(planet)} />
        ))}
      </g>
    </svg>
  );
}

function useWidth(element: { readonly current: SVGSVGElement | null }): number {
  const [width, setWidth] = useState(350);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(200, entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** A square around all that is known. */
function fieldOf({ planets, fleets }: View): { x: number; y: number; size: number } {
  const points = [...planets, ...fleets];
  if (points.length === 0) return { x: 0, y: 0, size: 1_000 };
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const size = Math.max(360, right - left + 130, bottom - top + 130);
  return { x: (left + right - size) / 2, y: (top + bottom - size) / 2, size };
}

function focusPlanet(svg: SVGSVGElement | null, planet: PlanetView | undefined): void {
  if (planet !== undefined) svg?.querySelector<SVGGElement>(`[data-planet="${planet.id}"]`)?.focus();
}

/** `seat-1` is the first seat's colour. */
export function seatClass({ seats }: Pick<View, 'seats'>, owner: number | null): string {
  return owner === null ? 'neutral' : `seat-${seats.findIndex(({ seat }) => seat === owner) + 1}`;
}

function labelOf(planet: PlanetView, view: View, text: Texts, nameOf: Props['nameOf']): string {
  const { id, owner, ships, population, capacity, seen } = planet;
  const whose = owner === null ? text.neutral : owner === view.seat ? text.yours : nameOf(owner);
  const known = [
    `${text.planet(id)}, ${whose}`,
    `${text.ships} ${ships}`,
    `${text.population} ${population}/${capacity}`,
  ];
  return [...known, ...(seen < view.turn ? [text.seenIn(seen)] : [])].join(', ');
}

function radiusOf({ capacity }: PlanetView): number {
  return 17 + capacity / 16;
}

/** Apart from the planet, whose label has them in words. */
function Numbers(props: { planet: PlanetView; view: View; unit: number; named: boolean }) {
  const { planet, view, unit, named } = props;
  const { id, x, y, ships, owner } = planet;
  const corner = 0.75 * radiusOf(planet);
  return (
    <g class={seatClass(view, owner)}>
      <text x={x} y={y} font-size={13 * unit} dy="0.36em" stroke-width={3 * unit}>
        {ships}
      </text>
      {named && (
        <text
          class="id"
          font-size={10 * unit}
          x={x}
          y={y + radiusOf(planet) + 11 * unit}
          stroke-width={3 * unit}
        >
          #{id}
        </text>
      )}
      {owner !== null && (
        <text class="owner" font-size={10 * unit} x={x + corner} y={y - corner} stroke-width={3 * unit}>
          {owner}
        </text>
      )}
    </g>
  );
}

function Planet(props: {
  planet: PlanetView;
  view: View;
  unit: number;
  label: string;
  chosen: string;
  tabIndex: number;
  onChoose: () => void;
  onFocus: () => void;
}) {
  const { planet, view, unit, label, chosen, tabIndex, onChoose, onFocus } = props;
  const radius = radiusOf(planet);
  const memory = planet.seen < view.turn ? 'memory' : '';
  const own = planet.owner === view.seat ? 'own' : '';
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={`planet ${seatClass(view, planet.owner)} ${memory} ${own} ${chosen}`}
      transform={`translate(${planet.x} ${planet.y})`}
      role="button"
      aria-label={label}
      aria-pressed={chosen !== ''}
      tabIndex={tabIndex}
      data-planet={planet.id}
      onClick={onChoose}
      onFocus={onFocus}
    >
      <circle class="touch" r={Math.max(radius + 6, 15 * unit)} />
      <circle class="halo" r={radius + 4 * unit} stroke-width={2.5 * unit} />
      <circle class="body" r={radius} stroke-width={1.5 * unit} />
    </g>
  );
}

function Fleet({ fleet, view, unit, label }: { fleet: FleetView; view: View; unit: number; label: string }) {
  const target = planetWith(view, fleet.to ?? null);
  const size = 6 * unit;
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a group is not interactive
    <g class={`fleet ${seatClass(view, fleet.owner)}`} role="img" aria-label={label}>
      {target !== undefined && (
        <line x1={fleet.x} y1={fleet.y} x2={target.x} y2={target.y} stroke-width={1.5 * unit} />
      )}
      <path
        transform={`translate(${fleet.x} ${fleet.y}) rotate(${target === undefined ? 0 : angle(fleet, target)})`}
        d={`M ${size} 0 L ${-size} ${-size * 0.8} L ${-size * 0.5} 0 L ${-size} ${size * 0.8} Z`}
      />
      <text x={fleet.x} y={fleet.y - 9 * unit} font-size={11 * unit} stroke-width={3 * unit}>
        {fleet.ships}
      </text>
    </g>
  );
}

function angle(from: { x: number; y: number }, to: { x: number; y: number }): number {
  return (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
}

/** Ships that are to leave with this turn. */
function Way(props: {
  from: PlanetView | undefined;
  to: PlanetView | undefined;
  ships: number;
  unit: number;
}) {
  const { from, to, ships, unit } = props;
  if (from === undefined || to === undefined) return null;
  const at = (share: number) => ({
    x: from.x + (to.x - from.x) * share,
    y: from.y + (to.y - from.y) * share,
  });
  const middle = at(0.5);
  return (
    <g class="way">
      <line
        x1={from.x}
        y1={from.y}
        x2={to.x}
        y2={to.y}
        stroke-width={2 * unit}
        stroke-dasharray={`${6 * unit} ${4 * unit}`}
      />
      <path
        transform={`translate(${middle.x} ${middle.y}) rotate(${angle(from, to)})`}
        d={`M ${7 * unit} 0 L ${-5 * unit} ${-6 * unit} L ${-5 * unit} ${6 * unit} Z`}
      />
      <text x={middle.x} y={middle.y - 9 * unit} font-size={12 * unit} stroke-width={3 * unit}>
        {ships}
      </text>
    </g>
  );
}
