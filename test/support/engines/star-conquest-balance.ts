// Whether any seat of star conquest is better than another: how often each wins when bots play all of them.
// `node test/support/engines/star-conquest-balance.ts 1000` plays so many games for each number of seats, and prints it;
// further arguments are the numbers of seats.
import { rules } from '../../../lib/star-conquest/rules.ts';
import { playedByBots } from './star-conquest.ts';

/** @returns the games that each seat has won; of a game that several have won each has its part. */
export function gamesWon(seatCount: number, games: number): number[] {
  const seats = Array.from({ length: seatCount }, (_, index) => index + 1);
  const won = seats.map(() => 0);
  for (let number = 1; number <= games; number++) {
    const placements = rules.standing(playedByBots(number, seats)).result?.placements ?? [];
    const winners = placements.filter(({ rank }) => rank === 1);
    for (const { seat } of winners) won[seat - 1] = (won[seat - 1] ?? 0) + 1 / winners.length;
  }
  return won;
}

if (import.meta.main) {
  const [games = 100, ...seatCounts] = process.argv.slice(2).map(Number);
  const percent = (part: number) => `${((100 * part) / games).toFixed(1)} %`;
  for (const seats of seatCounts.length > 0 ? seatCounts : [2, 3, 4, 5, 6, 7, 8]) {
    const won = gamesWon(seats, games).map(percent).join(', ');
    process.stdout.write(`${seats} seats, ${percent(games / seats)} each: ${won}\n`);
  }
}
