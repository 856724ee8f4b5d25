/** How many players a game has. */
export type PlayerCount = { readonly min: number; readonly max: number };

/** What its maker has chosen; undefined until then. */
export type ChosenCount = { readonly min?: number; readonly max?: number };

/** Of a new game, where its maker has not chosen more. */
const usualMost = 4;

/** @param seats of the engine's manifest, of which bots take some. */
export function playerCount(seats: PlayerCount, bots: number, chosen: ChosenCount): PlayerCount {
  const most = Math.max(1, seats.max - bots);
  const least = Math.max(1, seats.min - bots);
  const max = Math.min(most, Math.max(least, chosen.max ?? usualMost));
  return { min: Math.min(max, Math.max(least, chosen.min ?? least)), max };
}
