// Makes orders that an engine accepts: values of `orders_schema`, mended where `validate` finds problems.
import { type Manifest, type OrderProblem, validateResponseSchema } from '../../../lib/engine/api.ts';
import { schemaChecker } from '../../../lib/engine/json-schema.ts';
import { seededRandom } from '../../../lib/engine-kit/random.ts';
import type { Random } from '../../../lib/engine-kit/rules.ts';
import { read } from '../expect.ts';
import type { Game } from '../game.ts';
import { Violation } from '../violation.ts';
import { type Hints, hintsOf, jsonOf, pointerParts, type Sample, Sampler } from './sample.ts';

/** Samples of the schema before one is asked about. */
const samplesPerTry = 50;
/** Requests to `validate` for one order: so many beginnings, each mended so often. */
const beginnings = 4;
const repairs = 6;

export type Orders = Readonly<Record<string, unknown>>;

export class OrderMaker {
  readonly #schema: Record<string, unknown>;
  readonly #check: (value: unknown) => readonly OrderProblem[];
  readonly #random: Random;

  constructor({ orders_schema }: Manifest, seed: string) {
    this.#schema = orders_schema;
    this.#check = schemaChecker(orders_schema, 'orders_schema');
    this.#random = seededRandom(seed, 'orders');
  }

  get random(): Random {
    return this.#random;
  }

  /** What the schema says of a value. */
  problems(value: unknown): readonly OrderProblem[] {
    return this.#check(value);
  }

  /** @returns valid orders of the seat for the next turn; undefined when none were found. */
  async find(game: Game, seat: number): Promise<Orders | undefined> {
    const hints = hintsOf((await game.engine.view(seat, game.state.turn)).json);
    const sampler = new Sampler(this.#schema, this.#random, hints);
    for (let beginning = 0; beginning < beginnings; beginning++) {
      let sample = this.#fitting(sampler);
      for (let repair = 0; sample !== undefined && repair < repairs; repair++) {
        const orders = jsonOf(sample);
        const problems = await validated(game, seat, orders);
        if (problems.length === 0) return orders as Orders;
        sample = this.#mended(sampler, sample, problems);
      }
    }
    return undefined;
  }

  /** @throws Violation when none are found. */
  async require(game: Game, seat: number): Promise<Orders> {
    const found = await this.find(game, seat);
    if (found !== undefined) return found;
    throw new Violation(
      `Of ${beginnings * repairs} orders that orders_schema allows, validate accepted none for seat ${seat} in turn ${game.state.turn + 1}. Describe in orders_schema what orders can be, so that more of them are valid.`,
    );
  }

  /** Other orders than these that are valid, too. */
  async findOther(game: Game, seat: number, than: unknown): Promise<Orders | undefined> {
    for (let attempt = 0; attempt < 8; attempt++) {
      const found = await this.find(game, seat);
      if (found !== undefined && JSON.stringify(found) !== JSON.stringify(than)) return found;
    }
    return undefined;
  }

  /** Orders that the schema forbids; none if it allows everything. */
  forbidden(hints: Hints = { numbers: [], texts: [] }): Orders[] {
    const sample = this.#fitting(new Sampler(this.#schema, this.#random, hints));
    const orders = sample === undefined ? {} : (jsonOf(sample) as Orders);
    const wrong: Orders[] = [{}, { ...orders, 'no-such-field': 1 }];
    for (const key of Object.keys(orders)) {
      for (const value of ['not valid', -1, null, []]) wrong.push({ ...orders, [key]: value });
    }
    return wrong.filter((candidate) => this.#check(candidate).length > 0);
  }

  #fitting(sampler: Sampler): Sample | undefined {
    for (let attempt = 0; attempt < samplesPerTry; attempt++) {
      const sample = sampler.sample();
      if (this.#check(jsonOf(sample)).length === 0) return sample;
    }
    return undefined;
  }

  #mended(sampler: Sampler, sample: Sample, problems: readonly OrderProblem[]): Sample | undefined {
    // From the end, since the items of a list move up when one is left out.
    for (let attempt = 0; attempt < samplesPerTry; attempt++) {
      const mended = problems
        .toReversed()
        .reduce((before, { path }) => sampler.repaired(before, pointerParts(path)), sample);
      if (this.#check(jsonOf(mended)).length === 0) return mended;
    }
    return this.#fitting(sampler);
  }
}

async function validated(game: Game, seat: number, orders: unknown): Promise<readonly OrderProblem[]> {
  const exchange = await game.engine.validate({ seat, turn: game.state.turn + 1, orders });
  return read(validateResponseSchema, exchange).problems;
}
