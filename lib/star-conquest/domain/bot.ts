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
  // Chance decides which planets come first, and what they keep, so that no two bots are alike.
  const planets = random.shuffled(view.planets);
  const own = planets.filter(({ owner }) => owner === view.seat);
  const others = planets.filter(({ owner }) => owner !== view.seat);
  const front = frontOf(own, others);
  const sends: Send[] = [];
  for (const planet of own) {
    const base = { planet, spare: planet.ships - random.between(4, 12) };
    const order = attack(view, base, others, sends) ?? gather(base, front);
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
  others: readonly PlanetView[],
  sends: readonly Send[],
): Send | undefined {
  const [best] = others
    .map((target) => {
      const travel = travelTurns(planet, target);
      return { target, travel, needed: needed(view, target, travel) };
    })
    .filter(({ target, travel, needed }) => {
      if (travel > maxTravel || needed > spare) return false;
      return shipsOf([...sends, ...view.fleets].filter(({ to }) => to === target.id)) < needed;
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

/** The own planet that is nearest to an enemy's, or to a neutral one while no enemy is known. */
function frontOf(own: readonly PlanetView[], others: readonly PlanetView[]): PlanetView | undefined {
  const enemies = others.filter(({ owner }) => owner !== null);
  const goals = enemies.length > 0 ? enemies : others;
  const [front] = own
    .map((planet) => ({ planet, way: Math.min(...goals.map((goal) => squaredDistance(planet, goal))) }))
    .toSorted((a, b) => a.way - b.way);
  return front?.planet;
}

function gather({ planet, spare }: Base, front: PlanetView | undefined): Send | undefined {
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
