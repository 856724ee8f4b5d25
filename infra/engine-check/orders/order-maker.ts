// Makes orders that an engine accepts: values of `orders_schema`, mended where `validate` finds problems.
import { type Manifest, type OrderProblem, validateResponseSchema } from '../../../lib/engine/api.ts';
import { schemaChecker } from '../../../lib/engine/json-schema.ts';
import { seededRandom } from '../../../lib/engine-kit/random.ts';
import type { Random } from '../../../lib/engine-kit/rules.ts';
import { read } from '../expect.ts';
import type { Game, Orders } from '../game.ts';
import { Violation } from '../violation.ts';
import {
  hintsOf,
  jsonOf,
  type Learned,
  learn,
  pointerParts,
  pruned,
  type Sample,
  Sampler,
} from './sample.ts';

/** Samples of the schema before the engine is asked about one. */
const samplesPerTry = 50;
/**
 * Attempts at one order, by the number of items that lists have: first many, of which those with problems are mended and
 * then left out, at last as few as may be.
 */
const beginnings = [32, 4, 4, 0];
const mendings = 4;
const prunings = 3;

export class OrderMaker {
  readonly #schema: Record<string, unknown>;
  readonly #check: (value: unknown) => readonly OrderProblem[];
  readonly #random: Random;
  readonly #learned = new WeakMap<Game, Map<number, Learned>>();

  constructor({ orders_schema }: Manifest, seed: string) {
    this.#schema = orders_schema;
    this.#check = schemaChecker(orders_schema, 'orders_schema');
    this.#random = seededRandom(seed, 'orders');
  }

  get random(): Random {
    return this.#random;
  }

  /** @returns valid orders of the seat for the next turn; undefined when none were found. */
  async find(game: Game, seat: number): Promise<Orders | undefined> {
    const learned = this.#learnedBy(game, seat);
    const hints = hintsOf((await game.view(seat)).json);
    const sampler = new Sampler(this.#schema, this.#random, hints, learned);
    for (const more of beginnings) {
      const sample = await this.#attempt(game, seat, { sampler, learned, more });
      if (sample !== undefined) return jsonOf(sample) as Orders;
    }
    return undefined;
  }

  async #attempt(
    game: Game,
    seat: number,
    { sampler, learned, more }: { sampler: Sampler; learned: Learned; more: number },
  ): Promise<Sample | undefined> {
    let sample = this.#fitting(() => sampler.sample(more));
    for (let round = 0; sample !== undefined; round++) {
      const problems = await validated(game, seat, jsonOf(sample));
      if (problems.length === 0) {
        // What was hard to find is worth keeping.
        if (round > 0) learn(learned, sample);
        return sample;
      }
      if (round === mendings + prunings) return undefined;
      const paths = problems.map(({ path }) => pointerParts(path));
      const before = sample;
      const fewer = round < mendings ? undefined : pruned(before, paths);
      sample =
        fewer !== undefined && this.#fits(fewer)
          ? fewer
          : this.#fitting(() => paths.reduce((one, path) => sampler.mended(one, path, more), before));
    }
    return undefined;
  }

  #learnedBy(game: Game, seat: number): Learned {
    const bySeat = this.#learned.get(game) ?? new Map<number, Learned>();
    const learned: Learned = bySeat.get(seat) ?? new Map();
    this.#learned.set(game, bySeat.set(seat, learned));
    return learned;
  }

  /** @throws Violation when none are found. */
  async require(game: Game, seat: number): Promise<Orders> {
    const found = await this.find(game, seat);
    if (found !== undefined) return found;
    const turn = game.state.turn + 1;
    throw new Violation(
      `Of all orders that were tried, validate accepted none for seat ${seat} in turn ${turn}. Describe in orders_schema what orders can be, so that more of them are valid.`,
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
  forbidden(): Orders[] {
    const sampler = new Sampler(this.#schema, this.#random);
    const sample = this.#fitting(() => sampler.sample(1));
    const orders = sample === undefined ? {} : (jsonOf(sample) as Orders);
    const wrong: Orders[] = [{}, { ...orders, 'no-such-field': 1 }];
    for (const key of Object.keys(orders)) {
      for (const value of ['not valid', -1, null, []]) wrong.push({ ...orders, [key]: value });
    }
    return wrong.filter((candidate) => this.#check(candidate).length > 0);
  }

  #fits(sample: Sample): boolean {
    return this.#check(jsonOf(sample)).length === 0;
  }

  /** The first that the schema allows. */
  #fitting(make: () => Sample): Sample | undefined {
    for (let attempt = 0; attempt < samplesPerTry; attempt++) {
      const sample = make();
      if (this.#fits(sample)) return sample;
    }
    return undefined;
  }
}

async function validated(game: Game, seat: number, orders: unknown): Promise<readonly OrderProblem[]> {
  const exchange = await game.engine.validate({ seat, turn: game.state.turn + 1, orders });
  return read(validateResponseSchema, exchange).problems;
}
