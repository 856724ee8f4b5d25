// A greedy bot: each of its planets keeps a garrison and takes the nearest planet that it can; what is left over gathers
// where the enemy is nearest. It knows nothing but the view of its seat.
import type { Random } from '../../engine-kit/rules.ts';
import { isInSight, squaredDistance, travelTurns } from './geometry.ts';
import { production } from './growth.ts';
import { shipsOf } from './movement.ts';
import { type FocusOrder, maxFleets, type Orders, type Send } from './orders.ts';
import type { PlanetView, View } from './view.ts';

/** It goes no further for a planet: until then its owner has built too many ships. */
const maxTravel = 6;

/** A planet of the bot, and the ships that it can do without. */
type Base = { readonly planet: PlanetView; readonly spare: number };

export function botOrders(view: View, random: Random): Orders {
  const own = view.planets.filter(({ owner }) => owner === view.seat);
  const sends: Send[] = [];
  // Chance decides what its planets keep and which is first, so that no two bots are alike.
  for (const planet of random.shuffled(own)) {
    const base = { planet, spare: planet.ships - random.between(4, 12) };
    const order = attack(view, base, sends, random) ?? gather(view, own, base);
    if (order !== undefined) sends.push(order);
  }
  const flying = view.fleets.filter(({ owner }) => owner === view.seat).length;
  return {
    send: sends.slice(0, Math.max(0, maxFleets - flying)),
    focus: own.flatMap((planet) => focusOrder(view, planet)),
  };
}

/** To the nearest planet that these ships can take, and that not enough are on their way to already. */
function attack(
  view: View,
  { planet, spare }: Base,
  sends: readonly Send[],
  random: Random,
): Send | undefined {
  const [best] = random
    .shuffled(view.planets.filter(({ owner }) => owner !== view.seat))
    .map((target) => {
      const travel = travelTurns(planet, target);
      return { target, travel, needed: needed(view, target, travel) };
    })
    .filter(({ target, travel, needed }) => {
      const coming = [...sends, ...view.fleets].filter(({ to }) => to === target.id);
      return travel <= maxTravel && needed <= spare && shipsOf(coming) < needed;
    })
    .toSorted((a, b) => a.travel - b.travel || a.needed - b.needed);
  if (best === undefined) return undefined;
  const { target, needed: enough } = best;
  // An owner may send more ships to its defence.
  return { from: planet.id, to: target.id, ships: target.owner === null ? enough : spare };
}

/** Ships that will most likely take the planet: those of an owner grow in number until then. */
function needed({ turn }: View, target: PlanetView, travel: number): number {
  const built = target.owner === null ? 0 : production({ ...target, focus: 'ships' });
  const defenders = target.ships + built * (turn - target.seen + travel);
  return Math.floor((6 * defenders) / 5) + 2;
}

/** To the own planet that is nearest to an enemy's, or to a neutral one while no enemy is known. */
function gather(
  { planets, seat }: View,
  own: readonly PlanetView[],
  { planet, spare }: Base,
): Send | undefined {
  const others = planets.filter(({ owner }) => owner !== seat);
  const enemies = others.filter(({ owner }) => owner !== null);
  const wayToEnemy = (one: PlanetView) =>
    Math.min(...(enemies.length > 0 ? enemies : others).map((other) => squaredDistance(one, other)));
  const [front] = own.toSorted((a, b) => wayToEnemy(a) - wayToEnemy(b));
  if (front === undefined || front === planet || spare < 5) return undefined;
  return { from: planet.id, to: front.id, ships: spare };
}

/** Planets grow until they are fairly full, unless an enemy is near. */
function focusOrder({ planets, fleets, seat }: View, planet: PlanetView): FocusOrder[] {
  const enemies = [...planets, ...fleets].filter(({ owner }) => owner !== null && owner !== seat);
  const threatened = enemies.some((enemy) => isInSight(planet, enemy));
  const grows = !threatened && 4 * planet.population < 3 * planet.capacity;
  const focus = grows ? 'growth' : 'ships';
  return focus === planet.focus ? [] : [{ planet: planet.id, focus }];
}
