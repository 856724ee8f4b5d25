// Where engines are tried: it starts as many as a check needs, each with a folder of its own, and sets games up.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { v5 as uuidv5 } from 'uuid';
import { type GameSetup, type Manifest, maxSeats } from '../../lib/engine/api.ts';
import { schemaChecker } from '../../lib/engine/json-schema.ts';
import { seededRandom } from '../../lib/engine-kit/random.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { Game } from './game.ts';
import { manifestOf } from './manifest-of.ts';
import { OrderMaker } from './orders/order-maker.ts';
import { jsonOf, Sampler } from './orders/sample.ts';

const namespace = '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a11';
/** With letters that not every encoding has. */
const raceNames = ['Зерги', 'Protoss', 'Ünïted', '人類'];
const samples = 50;
const fewItems = 4;
/** More seats than this say no more about an engine. */
const enoughSeats = 6;

export type LabOptions = EngineOptions & {
  /** Everything of this run lies in it. */
  readonly folder: string;
  /** Turns to be played in all. */
  readonly turns: number;
  /** 64 hexadecimal digits: the chance of this run. */
  readonly seed: string;
};

export type Players = { readonly people: number; readonly bots?: number };

export class Lab {
  readonly options: LabOptions;
  readonly manifest: Manifest;
  readonly maker: OrderMaker;
  readonly #engines: Engine[];
  /** It runs, and nobody has used it yet. */
  #unused: Engine | undefined;
  readonly #checkOptions: (options: unknown) => readonly unknown[];
  #made = 1;
  #games = 0;

  private constructor(options: LabOptions, manifest: Manifest, first: Engine) {
    this.options = options;
    this.manifest = manifest;
    this.maker = new OrderMaker(manifest, options.seed);
    this.#engines = [first];
    this.#unused = first;
    this.#checkOptions = schemaChecker(manifest.options_schema, 'options_schema');
  }

  /** Starts a first engine, to read its manifest. @throws Violation */
  static async open(options: LabOptions): Promise<Lab> {
    const first = await makeEngine(options, 1);
    try {
      await first.start();
      return new Lab(options, await manifestOf(first), first);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  get engines(): readonly Engine[] {
    return this.#engines;
  }

  /** One that was not started yet. */
  async newEngine(): Promise<Engine> {
    this.#made += 1;
    const engine = await makeEngine(this.options, this.#made);
    this.#engines.push(engine);
    return engine;
  }

  async startEngine(): Promise<Engine> {
    const unused = this.#unused;
    this.#unused = undefined;
    if (unused !== undefined) return unused;
    const engine = await this.newEngine();
    await engine.start();
    return engine;
  }

  /** A game that no other was like. */
  newSetup({ people, bots = 0 }: Players = this.fewPlayers, options = this.usualOptions(bots)): GameSetup {
    this.#games += 1;
    const name = `game ${this.#games}`;
    const random = seededRandom(this.options.seed, name);
    const count = people + bots;
    // With gaps between the numbers where there is room for them.
    const step = count * 2 <= maxSeats ? 2 : 1;
    const seats = Array.from({ length: count }, (_, index) => {
      const bot = index >= people;
      const label = bot ? `Bot ${index - people + 1}` : `${raceNames[index % raceNames.length]} ${index + 1}`;
      return { seat: 1 + index * step, label, bot };
    });
    return {
      game_id: uuidv5(`${this.options.seed} ${name}`, namespace),
      seed: Array.from({ length: 32 }, () => random.below(256).toString(16).padStart(2, '0')).join(''),
      seats: random.shuffled(seats),
      options,
    };
  }

  /** An engine of its own with a game. */
  async newGame(setup: GameSetup = this.newSetup()): Promise<Game> {
    return Game.setUp(await this.startEngine(), this.manifest, setup);
  }

  /** Two if the game allows it. */
  get fewPlayers(): Players {
    const { min, max } = this.manifest.seats;
    return { people: Math.min(max, Math.max(min, 2)) };
  }

  /** From the fewest to the most, in turn. */
  playersOfGame(index: number): Players {
    const { min, max } = this.manifest.seats;
    const least = Math.max(min, Math.min(max, 2));
    return { people: least + (index % (Math.max(least, Math.min(max, enoughSeats)) - least + 1)) };
  }

  allows(options: Readonly<Record<string, unknown>>): boolean {
    return this.#checkOptions(options).length === 0;
  }

  /** The simplest that the schema allows. */
  usualOptions(bots = 0): Record<string, unknown> {
    const plain = bots === 0 ? {} : { bots };
    return this.allows(plain) ? plain : (this.otherOptions(bots) ?? plain);
  }

  /** Others that the schema allows, made by chance. */
  otherOptions(bots = 0): Record<string, unknown> | undefined {
    const random = seededRandom(this.options.seed, `options ${this.#games}`);
    const sampler = new Sampler(this.manifest.options_schema, random);
    for (let attempt = 0; attempt < samples; attempt++) {
      const { bots: _, ...others } = jsonOf(sampler.sample(fewItems)) as Record<string, unknown>;
      const options = bots === 0 ? others : { ...others, bots };
      if (this.allows(options)) return options;
    }
    return undefined;
  }

  /** Options that the schema forbids. */
  forbiddenOptions(): Record<string, unknown>[] {
    const usual = this.otherOptions() ?? {};
    const wrong: Record<string, unknown>[] = [{ ...usual, 'no-such-option': 1 }];
    for (const key of Object.keys(usual)) {
      for (const value of ['not valid', -1, null, []]) wrong.push({ ...usual, [key]: value });
    }
    return wrong.filter((options) => !this.allows(options));
  }

  /** Ends engines that run. */
  async stop(): Promise<void> {
    this.#unused = undefined;
    await Promise.all(this.#engines.map((engine) => engine.kill()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

async function makeEngine(options: LabOptions, number: number): Promise<Engine> {
  const folder = join(options.folder, `engine-${number}`);
  await mkdir(folder);
  return new Engine(folder, options);
}
