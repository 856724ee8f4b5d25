// Whole games: a hundred turns, and what of them has to stay.
import { type Audience, engineRoutes, type TurnRequest } from '../../../lib/engine/api.ts';
import type { Exchange } from '../exchange.ts';
import { requireRefusal, requireSame } from '../expect.ts';
import type { Game } from '../game.ts';
import { group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { NotApplicable, Violation } from '../violation.ts';

/** When games are short. */
const maxGames = 5;
/** Of all views that were seen, so many are asked for once more. */
const viewsAgain = 200;
const fewViews = 30;

type Turn = { readonly request: TurnRequest; readonly response: Exchange };

type Recorded = {
  readonly game: Game;
  readonly turns: Turn[];
  readonly views: { readonly turn: number; readonly audience: Audience; readonly seen: Exchange }[];
};

/** Filled by the first check. */
type Subject = { recorded?: Recorded; finished?: Game };

export const playGroup = group('play', async (): Promise<Subject> => ({}), [
  {
    name: 'plays the turns of whole games',
    saying: says.staysValid,
    run: playGames,
  },
  {
    name: 'shows the same view for an audience and a turn, however often it is asked',
    saying: says.viewStays,
    run: async (subject, lab) => requireViews(recordedBy(subject), lab, viewsAgain, 'Some turns later'),
  },
  {
    name: 'has the same game after kill -9, at another port',
    saying: says.durable,
    async run(subject, lab) {
      const recorded = recordedBy(subject);
      const { game, turns } = recorded;
      await game.engine.restart();
      await game.requireUnchanged('After a restart');
      await requireViews(recorded, lab, fewViews, 'After a restart');
      const last = turns.at(-1);
      if (last === undefined) return;
      const again = await game.engine.play(last.request);
      requireSame(
        last.response,
        again,
        'After a restart the last turn, repeated, got another response',
        says.repeated,
      );
    },
  },
  {
    name: 'plays the same game with the same seed and orders in another process, which is killed in between',
    saying: says.chance,
    async run(subject, lab) {
      const { game, turns } = recordedBy(subject);
      const other = await lab.newGame(game.setup);
      for (const { request, response } of turns) {
        if (request.turn === Math.ceil(turns.length / 2)) await other.engine.restart();
        const again = await other.play(request);
        requireSame(
          response,
          again,
          `Turn ${request.turn} of two games with the same seed and orders differs`,
        );
      }
      await game.requireSameAs(other, 'In two games with the same seed and orders');
    },
  },
  {
    name: 'plays no turn after the last one, and keeps the last views',
    saying: says.otherTurn,
    run: stayFinished,
  },
]);

function recordedBy({ recorded }: Subject): Recorded {
  if (recorded === undefined) throw new NotApplicable('no game was played without a failure');
  return recorded;
}

async function playGames(subject: Subject, lab: Lab): Promise<string> {
  const counts = { games: 0, turns: 0, rows: 0, ordered: 0 };
  for (; counts.turns < lab.options.turns && counts.games < maxGames; counts.games++) {
    const options = counts.games === 0 ? undefined : lab.otherOptions();
    const game = await lab.newGame(lab.newSetup(lab.playersOfGame(counts.games), options));
    const recorded: Recorded = { game, turns: [], views: [] };
    await keepViews(recorded);
    for (; counts.turns < lab.options.turns && !game.finished; counts.turns++) {
      const found = await game.ordered(lab.maker);
      counts.rows += found.orders.length;
      counts.ordered += found.orders.filter(({ orders }) => orders !== null).length;
      const request = varied(found, lab);
      recorded.turns.push({ request, response: await game.play(request) });
      await keepViews(recorded);
    }
    if (game.finished) subject.finished ??= game;
    if (counts.games === 0) subject.recorded = recorded;
    else await game.engine.kill();
  }
  const { games, turns, rows, ordered } = counts;
  if (ordered > 0) return `${turns} turns of ${games} games; valid orders for ${ordered} of ${rows} seats`;
  throw new Violation(
    'In all these turns no orders that orders_schema allows were found that validate accepts. Describe in orders_schema what orders can be, so that more of them are valid.',
    [],
    says.schemas,
  );
}

async function keepViews({ game, views }: Recorded): Promise<void> {
  const { turn } = game.state;
  for (const [audience, seen] of await game.views()) views.push({ turn, audience, seen });
}

/** Some are drafts, and some are missing. */
function varied({ turn, orders }: TurnRequest, { maker: { random } }: Lab): TurnRequest {
  const rows = orders.map((row) => {
    if (row.state !== 'ready') return row;
    switch (random.below(12)) {
      case 0:
        return { ...row, orders: null, state: 'missing' as const };
      case 1:
      case 2:
        return { ...row, state: 'draft' as const };
      default:
        return row;
    }
  });
  return { turn, orders: rows };
}

async function requireViews({ game, views }: Recorded, lab: Lab, count: number, when: string): Promise<void> {
  for (const { turn, audience, seen } of lab.maker.random.shuffled(views).slice(0, count)) {
    const again = await game.view(audience, turn);
    requireSame(seen, again, `${when} the view of a turn is another`, says.viewStays);
  }
}

async function stayFinished(subject: Subject, lab: Lab): Promise<void> {
  recordedBy(subject);
  const game = subject.finished;
  if (game === undefined) throw new NotApplicable(`no game finished within ${lab.options.turns} turns`);
  await game.engine.restart();
  const { engine, state } = game;
  const turn = state.turn + 1;
  const rows = game.people.map((seat) => game.row(seat, undefined));
  requireRefusal(await engine.play({ turn, orders: rows }), 409, 'A turn after the last one');
  requireRefusal(await engine.play({ turn, orders: [] }), 409, 'A turn after the last one, without rows,');
  const [seat = 1] = game.people;
  const validation = { seat, turn, orders: {} };
  const refused = await engine.validate(validation);
  requireRefusal(refused, 409, `POST ${engineRoutes.validate} after the last turn`);
  await game.requireUnchanged('After requests that came after the last turn');
  await game.views();
}
