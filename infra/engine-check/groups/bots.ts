// Seats that the engine plays itself, where `options.bots` allows it.
import { requireRefusal } from '../expect.ts';
import type { Game } from '../game.ts';
import { isOpen } from '../game.ts';
import { type Check, group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab, Players } from '../lab.ts';
import { NotApplicable } from '../violation.ts';

const fewBots = 3;
const turns = 20;

const checks: readonly Check<Game>[] = [
  {
    name: 'refuses orders for a bot',
    saying: says.validateBad,
    async run(game, { maker }) {
      const seat = botOf(game);
      const orders = (await maker.find(game, game.mover)) ?? {};
      const validation = { seat, turn: game.state.turn + 1, orders };
      requireRefusal(await game.engine.validate(validation), 400, 'Validating orders of a bot');
      const turn = game.request([]);
      const row = { seat, orders: null, state: 'missing' as const };
      requireRefusal(
        await game.engine.play({ ...turn, orders: [...turn.orders, row] }),
        400,
        'A turn that names a bot',
      );
      await game.requireUnchanged('After refused orders of a bot');
    },
  },
  {
    name: 'refuses to vacate the seat of a bot',
    saying: says.vacated,
    async run(game) {
      requireRefusal(await game.engine.vacate(botOf(game)), 409, 'Vacating the seat of a bot');
    },
  },
  {
    name: 'plays its bots itself, the same in every process',
    saying: says.chance,
    async run(game, lab) {
      const other = await lab.newGame(game.setup);
      for (let turn = 0; turn < turns && !game.finished; turn++) {
        const orders = await game.ordered(lab.maker);
        await game.play(orders);
        await other.play(orders);
      }
      await game.requireSameAs(other, 'In two games with the same seed and orders');
    },
  },
];

export const botsGroup = group('bots', newGame, checks, isOpen);

async function newGame(lab: Lab): Promise<Game> {
  const players = playersWithBots(lab);
  if (players === undefined) throw new NotApplicable('options_schema allows no options.bots');
  return lab.newGame(lab.newSetup(players));
}

/** One person, and a few bots. */
function playersWithBots(lab: Lab): Players | undefined {
  const { min, max } = lab.manifest.seats;
  for (let bots = Math.min(max - 1, fewBots); bots > 0; bots--) {
    const options = lab.usualOptions(bots);
    if (options.bots === bots && lab.allows(options)) return { people: Math.max(1, min - bots), bots };
  }
  return undefined;
}

function botOf({ setup }: Game): number {
  const bot = setup.seats.find((one) => one.bot);
  if (bot === undefined) throw new TypeError('the game must have a bot');
  return bot.seat;
}
