// The game on disk: `turn-0.json.gz` is the set-up, every turn that was played has one such file more, and `seats.json`
// names the seats that were vacated. Every change of the game is one file that is replaced atomically, so that an engine
// that was killed goes on where it was. All turns stay, for their views; the folder goes when the game is stopped.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { gameSetupSchema, type Manifest, turnResponseSchema } from '../engine/api.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { makeFolder, replaceFile } from '../node/durable-file.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A turn that was played. */
const turnSchema = z.strictObject({
  /** Digest of the request that it answered. */
  request: z.string(),
  response: turnResponseSchema,
  state: z.unknown(),
  vacant: z.array(z.int()),
});

/** Turn 0, and the engine that set the game up. */
const firstTurnSchema = turnSchema.extend({
  family: z.string(),
  version: z.string(),
  setup: gameSetupSchema,
});

export type PlayedTurn = z.infer<typeof turnSchema>;
export type FirstTurn = z.infer<typeof firstTurnSchema>;

const vacantSchema = z.strictObject({ vacant: z.array(z.int()) });

export type StoredGame = {
  readonly first: FirstTurn;
  readonly last: PlayedTurn;
  readonly vacant: readonly number[];
};

export class GameFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @returns undefined if no game was set up.
   * @throws OperatorError when there is one that cannot be read, or that other rules have made: begun again, or played on
   * by other rules, it would take from its players what they have.
   */
  async load(engine: Pick<Manifest, 'family' | 'version'>): Promise<StoredGame | undefined> {
    await makeFolder(this.#path);
    const names = await readdir(this.#path);
    const turns = names.flatMap((name) => /^turn-(\d+)\.json\.gz$/.exec(name)?.[1] ?? []).map(Number);
    if (turns.length === 0) return undefined;
    const first = await this.#read(firstTurnSchema, 0);
    const lastTurn = turns.reduce((a, b) => Math.max(a, b));
    const last = lastTurn === 0 ? first : await this.readTurn(lastTurn);
    if (first.family !== engine.family) {
      throw new OperatorError(
        `${this.#path} holds a game of the engine ${first.family}, not of ${engine.family}; give every game a folder of its own`,
      );
    }
    if (majorOf(first.version) !== majorOf(engine.version)) {
      throw new OperatorError(
        `${this.#path} holds a game of version ${first.version}, which version ${engine.version} cannot play on; run the engine of that version`,
      );
    }
    const path = join(this.#path, 'seats.json');
    const told = names.includes('seats.json')
      ? await readAs(vacantSchema, path, () => readFile(path, 'utf8'))
      : { vacant: [] };
    return { first, last, vacant: [...new Set([...last.vacant, ...told.vacant])] };
  }

  readTurn(turn: number): Promise<PlayedTurn> {
    return turn === 0 ? this.#read(firstTurnSchema, 0) : this.#read(turnSchema, turn);
  }

  #read<T>(schema: z.ZodType<T>, turn: number): Promise<T> {
    const path = this.#turnPath(turn);
    return readAs(schema, path, async () => (await decompress(await readFile(path))).toString('utf8'));
  }

  /** Resolves when the turn would survive a crash. */
  async saveTurn(played: PlayedTurn | FirstTurn): Promise<void> {
    await replaceFile(this.#turnPath(played.response.turn), await compress(JSON.stringify(played)));
  }

  async saveVacant(vacant: readonly number[]): Promise<void> {
    await replaceFile(join(this.#path, 'seats.json'), `${JSON.stringify({ vacant })}\n`);
  }

  #turnPath(turn: number): string {
    return join(this.#path, `turn-${turn}.json.gz`);
  }
}

/** `2` of `2.1.0`. */
const majorOf = (version: string) => version.split('.')[0];

async function readAs<T>(schema: z.ZodType<T>, path: string, read: () => Promise<string>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await read()));
  } catch (error) {
    throw new OperatorError(`${path} cannot be read as a part of a game; restore it, or remove the folder`, {
      cause: error,
    });
  }
}
