// The names of all seats of a game: members have their race names; the seats behind theirs are bots.
import type { GameState } from './game-state.ts';
import type { Texts } from './texts/en.ts';

export function seatNames(
  { game, members }: GameState,
  text: Texts,
): { readonly seat: number; readonly name: string }[] {
  const seated = members.flatMap(({ seat, race_name: name }) => (seat === null ? [] : [{ seat, name }]));
  const last = Math.max(0, ...seated.map(({ seat }) => seat));
  const { bots } = game.options;
  const count = typeof bots === 'number' ? bots : 0;
  const botSeats = Array.from({ length: count }, (_, at) => ({
    seat: last + at + 1,
    name: text.game.bot(at + 1),
  }));
  return [...seated.toSorted((a, b) => a.seat - b.seat), ...botSeats];
}
