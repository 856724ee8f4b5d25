// The set-up of a game.
import { engineRoutes, type GameSetup, gameStateSchema, maxSeats } from '../../../lib/engine/api.ts';
import type { Engine } from '../engine.ts';
import type { Exchange } from '../exchange.ts';
import { asState, read, requireRefusal, requireSame } from '../expect.ts';
import { Game } from '../game.ts';
import { group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { NotApplicable } from '../violation.ts';

type Subject = { readonly engine: Engine; readonly setup: GameSetup };

export const setUpGroup = group(
  'set-up',
  async (lab): Promise<Subject> => ({ engine: await lab.startEngine(), setup: lab.newSetup() }),
  [
    {
      name: 'has no game before the set-up',
      saying: says.notFound,
      async run({ engine, setup }) {
        const seat = setup.seats[0]?.seat ?? 1;
        const row = { seat, orders: null, state: 'missing' };
        const before = (what: string) => `${what} before the set-up`;
        requireRefusal(await engine.state(), 404, before('GET /api/v1/game'));
        requireRefusal(
          await engine.validate({ seat, turn: 1, orders: {} }),
          404,
          before('Validating orders'),
        );
        requireRefusal(await engine.play({ turn: 1, orders: [row] }), 404, before('A turn'));
        requireRefusal(await engine.view(seat, 0), 404, before('A view'));
        requireRefusal(await engine.vacate(seat), 404, before('A vacated seat'));
      },
    },
    {
      name: 'refuses a set-up that is not as described',
      saying: says.fields,
      async run({ engine, setup }) {
        for (const [what, body] of wrongSetups(setup)) await requireNoSetUp(engine, what, body);
        const half = { method: 'PUT', path: engineRoutes.game, body: '{"game_id":' } as const;
        requireRefusal(await engine.askRaw(half), 400, 'A set-up that is not JSON');
      },
    },
    {
      name: 'refuses a number of seats that the game does not have',
      saying: says.badSetUp,
      async run({ engine }, lab) {
        const { min, max } = lab.manifest.seats;
        const counts = [min - 1, max + 1].filter((count) => count > 0 && count <= maxSeats);
        if (counts.length === 0) throw new NotApplicable('the game takes any number of seats');
        for (const people of counts) {
          await requireNoSetUp(engine, `A set-up with ${people} seats`, lab.newSetup({ people }));
        }
      },
    },
    {
      name: 'refuses options that options_schema does not allow',
      saying: says.badSetUp,
      async run({ engine, setup }, lab) {
        const forbidden = lab.forbiddenOptions();
        if (forbidden.length === 0) throw new NotApplicable('options_schema allows everything');
        for (const options of forbidden) {
          const what = `A set-up with the options ${JSON.stringify(options)}`;
          await requireNoSetUp(engine, what, { ...setup, options });
        }
      },
    },
    {
      name: 'sets a game up once when it is asked twice at the same time',
      saying: says.repeated,
      async run({ engine, setup }, lab) {
        const [first, second] = await Promise.all([engine.setUp(setup), engine.setUp(setup)]);
        requireSame(first, second, 'Two equal set-ups at the same time got different responses');
        requireSame(
          asState(first),
          asState(await engine.state()),
          'The state is not the response to the set-up',
        );
        // Looks at the whole state.
        await Game.setUp(engine, lab.manifest, setup);
        requireAllAwaited(lab, setup, first);
      },
    },
    {
      name: 'gives the state to a repeated set-up, also after kill -9',
      saying: says.setUp,
      async run({ engine, setup }) {
        const first = await engine.setUp(setup);
        read(gameStateSchema, first);
        requireSame(first, await engine.setUp(setup), 'A repeated set-up got another response');
        await engine.restart();
        requireSame(
          first,
          await engine.setUp(setup),
          'After a restart a repeated set-up got another response',
        );
      },
    },
    {
      name: 'refuses another set-up, and changes nothing then',
      saying: says.otherSetUp,
      async run({ engine, setup }, lab) {
        const first = await engine.setUp(setup);
        for (const [what, body] of otherSetups(setup, lab)) {
          requireRefusal(await engine.setUp(body), 409, what);
          requireSame(asState(first), asState(await engine.state()), `${what} has changed the state`);
        }
      },
    },
  ],
);

/** A request that is refused, and sets no game up. */
async function requireNoSetUp(engine: Engine, what: string, body: unknown): Promise<void> {
  requireRefusal(await engine.setUp(body), 400, what);
  requireRefusal(await engine.state(), 404, `GET /api/v1/game after a refused set-up`);
}

function requireAllAwaited({ manifest }: Lab, setup: GameSetup, exchange: Exchange): void {
  if (manifest.turn_order !== 'simultaneous') return;
  const { awaiting } = read(gameStateSchema, exchange);
  const seats = setup.seats.map(({ seat }) => seat).toSorted((a, b) => a - b);
  const shown = { ...exchange, json: awaiting.toSorted((a, b) => a - b) };
  const message = '/awaiting does not name all seats of a simultaneous game';
  requireSame({ ...exchange, json: seats }, shown, message, says.allAwaited);
}

function wrongSetups(setup: GameSetup): [what: string, body: unknown][] {
  const [first, ...others] = setup.seats;
  const withSeat = (change: object) => ({ ...setup, seats: [{ ...first, ...change }, ...others] });
  const { options: _, ...withoutOptions } = setup;
  return [
    ['A set-up with a field that there is not', { ...setup, galaxy_check: true }],
    ['A set-up with a field of a seat that there is not', withSeat({ galaxy_check: true })],
    ['A set-up without options', withoutOptions],
    ['A set-up with a game_id that is not a UUID', { ...setup, game_id: 'game 1' }],
    ['A set-up with a seed of 62 digits', { ...setup, seed: setup.seed.slice(2) }],
    ['A set-up with a seed that is not hexadecimal', { ...setup, seed: 'z'.repeat(64) }],
    ['A set-up with seat 0', withSeat({ seat: 0 })],
    [`A set-up with seat ${maxSeats + 1}`, withSeat({ seat: maxSeats + 1 })],
    ['A set-up with seat 1.5', withSeat({ seat: 1.5 })],
    ['A set-up with a seat that is a text', withSeat({ seat: '1' })],
    ['A set-up with bot: 1', withSeat({ bot: 1 })],
    ['A set-up that names a seat twice', { ...setup, seats: [first, ...others.slice(1), first] }],
    ['A set-up whose seats are an object', { ...setup, seats: {} }],
    ['A set-up that is a list', [setup]],
    ['A set-up that is null', null],
  ];
}

function otherSetups(setup: GameSetup, lab: Lab): [what: string, body: GameSetup][] {
  const other = lab.newSetup();
  const [first, ...others] = setup.seats;
  const options = lab.otherOptions();
  const all: [string, GameSetup][] = [
    ['A set-up with another game_id', { ...setup, game_id: other.game_id }],
    ['A set-up with another seed', { ...setup, seed: other.seed }],
  ];
  if (first !== undefined) {
    const seats = [{ ...first, label: 'Andere' }, ...others];
    all.push(['A set-up with another label of a seat', { ...setup, seats }]);
  }
  if (options !== undefined && JSON.stringify(options) !== JSON.stringify(setup.options)) {
    all.push(['A set-up with other options', { ...setup, options }]);
  }
  return all;
}
