// Views: what each audience sees, and what none may see.
import { type Audience, engineRoutes } from '../../../lib/engine/api.ts';
import type { Exchange } from '../exchange.ts';
import { requireRefusal, requireSame } from '../expect.ts';
import { type Game, isOpen, type Orders } from '../game.ts';
import { type Check, group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { NotApplicable } from '../violation.ts';

const checks: readonly Check<Game>[] = [
  {
    name: 'shows each seat, and spectators if the manifest says so, a view after every turn',
    saying: says.finalViews,
    async run(game) {
      for (let turn = 0; turn <= game.state.turn; turn++) await game.views(turn);
    },
  },
  {
    name: 'has no view of a seat that there is not, or of a turn that was not played',
    saying: says.noView,
    async run(game) {
      const { engine, seats, state } = game;
      const seat = Math.max(...seats) + 1;
      requireRefusal(await engine.view(seat, 0), 404, `The view of seat ${seat}, which there is not,`);
      const turn = state.turn + 1;
      requireRefusal(
        await engine.view(game.mover, turn),
        404,
        `The view after turn ${turn}, which was not played,`,
      );
      if (game.manifest.spectator_view) return;
      requireRefusal(
        await engine.view('spectator', 0),
        404,
        'The view of spectators, which the manifest denies,',
      );
    },
  },
  {
    name: 'refuses an audience that there is not',
    saying: says.noView,
    async run({ engine }) {
      for (const audience of ['seat:one', 'everybody']) {
        const path = `${engineRoutes.view}?for=${audience}&turn=0`;
        const exchange = await engine.ask({ method: 'GET', path });
        requireRefusal(exchange, exchange.status === 404 ? 404 : 400, `The view for ${audience}`);
      }
    },
  },
  {
    name: 'changes nothing when it is asked',
    saying: says.changeNothing,
    async run(game) {
      const before = await game.views();
      const manifest = await game.engine.manifest();
      await game.requireSameViews(before, 'After further requests');
      await game.requireUnchanged('After views were asked for');
      requireSame(manifest, await game.engine.manifest(), 'The manifest has changed');
    },
  },
  {
    name: 'shows nobody what a seat orders before the turn was played',
    saying: says.viewHolds,
    run: (_, lab) => keepOrdersSealed(lab),
  },
];

export const viewsGroup = group('views', playedGame, checks, isOpen);

async function playedGame(lab: Lab): Promise<Game> {
  const game = await lab.newGame();
  for (let turn = 0; turn < 2 && !game.finished; turn++) await game.play(await game.ordered(lab.maker));
  return game.finished ? lab.newGame() : game;
}

/** Two games that are alike, except for what one seat orders. Until the turn was played all views are alike, too. */
async function keepOrdersSealed(lab: Lab): Promise<void> {
  const setup = lab.newSetup();
  const [one, other] = await Promise.all([lab.newGame(setup), lab.newGame(setup)]);
  const first = await one.ordered(lab.maker);
  await one.play(first);
  await other.play(first);
  if (one.finished) throw new NotApplicable('the game finished with its first turn');
  const seat = one.mover;
  const orders = await lab.maker.require(one, seat);
  const others = await lab.maker.findOther(one, seat, orders);
  if (others === undefined) throw new NotApplicable('no other orders were found');

  const before = await one.views();
  const played = one.state.turn;
  const validate = (game: Game, given: Orders) =>
    game.engine.validate({ seat, turn: played + 1, orders: given });
  const sent = [await validate(one, orders), await validate(other, others)];
  const after = `After seat ${seat} had orders for turn ${played + 1} validated`;
  await one.requireSameViews(before, after, sent.slice(0, 1));
  await other.requireSameViews(before, after, sent.slice(1));

  // Everybody else orders the same in both.
  const turn = await one.ordered(lab.maker);
  const with_ = (given: Orders) => ({
    ...turn,
    orders: turn.orders.map((row) => (row.seat === seat ? one.row(seat, given) : row)),
  });
  await requireEarlierViews(one, before, await one.play(with_(orders)), played);
  await requireEarlierViews(other, before, await other.play(with_(others)), played);
}

function requireEarlierViews(
  game: Game,
  before: ReadonlyMap<Audience, Exchange>,
  caused: Exchange,
  turn: number,
): Promise<void> {
  return game.requireSameViews(before, `After turn ${turn + 1} was played`, [caused], turn);
}
