// The game on disk: `turn-0.json.gz` is the set-up, every turn that was played has one such file more, and `seats.json`
// names the seats that were vacated. Every change of the game is one file that is replaced atomically, so that an engine
// that was killed goes on where it was. All turns stay, for their views; the folder goes when the game is stopped.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { gameSetupSchema, turnResponseSchema } from '../engine/api.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { replaceFile } from '../node/durable-file.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A turn that was played; turn 0 is the set-up. */
const turnSchema = z.strictObject({
  family: z.string(),
  setup: gameSetupSchema.optional(),
  /** Digest of the request that it answered. */
  request: z.string(),
  response: turnResponseSchema,
  state: z.unknown(),
  vacant: z.array(z.int()),
});

export type PlayedTurn = z.infer<typeof turnSchema>;

const vacantSchema = z.strictObject({ vacant: z.array(z.int()) });

export type StoredGame = {
  readonly first: PlayedTurn;
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
   * @throws OperatorError when there is one that cannot be read: begun anew, it would take from its players what they have.
   */
  async load(family: string): Promise<StoredGame | undefined> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    const names = await readdir(this.#path);
    const turns = names.flatMap((name) => /^turn-(\d+)\.json\.gz$/.exec(name)?.[1] ?? []).map(Number);
    if (turns.length === 0) return undefined;
    const first = await this.readTurn(0);
    const last = await this.readTurn(Math.max(...turns));
    if (first.family !== family) {
      throw new OperatorError(
        `${this.#path} holds a game of the engine ${first.family}, not of ${family}; give every game a folder of its own`,
      );
    }
    const path = join(this.#path, 'seats.json');
    const told = names.includes('seats.json')
      ? await readAs(vacantSchema, path, () => readFile(path, 'utf8'))
      : { vacant: [] };
    return { first, last, vacant: [...new Set([...last.vacant, ...told.vacant])] };
  }

  readTurn(turn: number): Promise<PlayedTurn> {
    const path = this.#turnPath(turn);
    return readAs(turnSchema, path, async () => (await decompress(await readFile(path))).toString('utf8'));
  }

  /** Resolves when the turn would survive a crash. */
  async saveTurn(played: PlayedTurn): Promise<void> {
    await replaceFile(this.#turnPath(played.response.turn), await compress(JSON.stringify(played)));
  }

  async saveVacant(vacant: readonly number[]): Promise<void> {
    await replaceFile(join(this.#path, 'seats.json'), `${JSON.stringify({ vacant })}\n`);
  }

  #turnPath(turn: number): string {
    return join(this.#path, `turn-${turn}.json.gz`);
  }
}

async function readAs<T>(schema: z.ZodType<T>, path: string, read: () => Promise<string>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await read()));
  } catch (error) {
    throw new OperatorError(`${path} cannot be read as a part of a game; restore it, or remove the folder`, {
      cause: error,
    });
  }
}
