// The game on disk, so that an engine that was killed goes on where it was.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';
import { replaceFile } from '../node/durable-file.ts';
import { type Game, natures } from './domain/game.ts';
import type { GameFile } from './engine.ts';

const count = z.int().nonnegative();

const gameSchema = z.strictObject({
  gameId: z.guid(),
  turn: count,
  turns: count,
  freePlanets: count,
  races: z.array(
    z.strictObject({
      userId: z.guid(),
      raceName: z.string(),
      nature: z.enum(natures),
      planets: count,
      population: count,
      ships: count,
      shipsBuilt: count,
    }),
  ),
});

/** @param folder without one the game is kept in memory only. */
export function openGameFile(folder: string | undefined): GameFile {
  if (folder === undefined) return { load: async () => undefined, save: async () => {} };
  const path = join(folder, 'game.json');
  return {
    async load() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? undefined : parseGame(text, path);
    },
    save: (game) => replaceFile(path, `${JSON.stringify(game)}\n`),
  };
}

/** A game that cannot be read is not begun anew: its players would lose what they have. */
function parseGame(text: string, path: string): Game {
  try {
    return gameSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new OperatorError(`${path} is no game of the sample engine; restore it, or remove the folder`, {
      cause: error,
    });
  }
}
