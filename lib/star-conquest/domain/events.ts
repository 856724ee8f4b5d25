// What seats are told about a turn: the battles they took part in, and who is out of the game.
import type { EngineEvent } from '../../engine-kit/rules.ts';
import type { Battle } from './battles.ts';
import { tookPart } from './sight.ts';

/** Of one seat in a turn, so that there is room for two events more: the kit allows 20. */
const maxBattles = 18;

/** @param eliminated seats that have lost their last planet and fleet in this turn. */
export function eventsOf(
  seats: readonly number[],
  battles: readonly Battle[],
  eliminated: readonly number[],
): EngineEvent[] {
  // Conquests first: they are told when there is not room for all.
  const inOrder = battles.toSorted((a, b) => urgency(a) - urgency(b) || a.planet - b.planet);
  const ofSeat = new Map(seats.map((seat) => [seat, inOrder.filter((battle) => tookPart(battle, seat))]));
  const told = inOrder.map((battle) => ({
    to: seats.filter((seat) => ofSeat.get(seat)?.slice(0, maxBattles).includes(battle)),
    type: isConquest(battle) ? 'game.conquest' : 'game.battle',
    payload: { ...battle },
  }));
  const rest = [...ofSeat].flatMap(([seat, own]) => {
    const planets = own.slice(maxBattles).map(({ planet }) => planet);
    return planets.length === 0 ? [] : [{ to: [seat], type: 'game.more_battles', payload: { planets } }];
  });
  const out =
    eliminated.length === 0
      ? []
      : [{ to: [...seats], type: 'game.eliminated', payload: { seats: eliminated } }];
  return [...told, ...rest, ...out].filter(({ to }) => to.length > 0);
}

const isConquest = ({ owner, defender }: Battle) => owner !== defender.seat;
const urgency = (battle: Battle) => (isConquest(battle) ? 0 : 1);
