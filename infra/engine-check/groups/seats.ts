// Seats that their holders leave.
import { requireRefusal, requireSame } from '../expect.ts';
import { type Game, isOpen } from '../game.ts';
import { type Check, group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { NotApplicable } from '../violation.ts';

const turnsAfter = 5;

const checks: readonly Check<Game>[] = [
  {
    name: 'refuses to vacate a seat that there is not',
    saying: says.vacated,
    async run({ engine, seats }) {
      const seat = Math.max(...seats) + 1;
      requireRefusal(await engine.vacate(seat), 404, `Vacating seat ${seat}, which there is not,`);
    },
  },
  {
    name: 'refuses to vacate a seat with a body that is not as described',
    saying: says.fields,
    async run(game) {
      const wrong = [{}, { vacant: false }, { vacant: 'true' }, { vacant: true, galaxy_check: true }];
      for (const body of wrong) {
        const refused = await game.engine.vacate(game.mover, body);
        requireRefusal(refused, 400, `Vacating a seat with the body ${JSON.stringify(body)}`);
      }
      await game.requireUnchanged('After a refused request to vacate a seat');
    },
  },
  {
    name: 'leaves the game as it is until the next turn when a seat is vacated, also by a repeat',
    saying: says.open,
    async run(game) {
      const before = await game.views();
      const seat = game.mover;
      const first = await game.vacate(seat);
      await game.requireUnchanged('After a seat was vacated', [first]);
      requireSame(first, await game.engine.vacate(seat), 'A repeat got another response', says.vacated);
      await game.requireSameViews(before, 'After a seat was vacated', [first]);
    },
  },
  {
    name: 'plays on with a vacant seat, and remembers it after kill -9',
    saying: says.durable,
    run: (_, lab) => playOn(lab),
  },
];

export const seatsGroup = group('seats', (lab) => lab.newGame(), checks, isOpen);

/** Two games that are alike, except that the engine of one is killed after a seat was vacated. */
async function playOn(lab: Lab): Promise<void> {
  const { max } = lab.manifest.seats;
  if (max === 1) throw new NotApplicable('the game has one seat');
  const setup = lab.newSetup({ people: Math.min(max, Math.max(3, lab.fewPlayers.people)) });
  const games = await Promise.all([lab.newGame(setup), lab.newGame(setup)]);
  const [killed, calm] = games;
  // Not the seat to move: in a sequential game no turn names it again.
  const seat = killed.people.findLast((one) => one !== killed.mover) ?? killed.mover;
  for (const game of games) await game.vacate(seat);
  await killed.engine.restart();
  for (let turn = 0; turn < turnsAfter && !killed.finished; turn++) {
    const orders = await killed.ordered(lab.maker);
    await killed.play(orders);
    await calm.play(orders);
    await killed.requireSameAs(calm, 'In a game that was killed and one that was not');
  }
}
