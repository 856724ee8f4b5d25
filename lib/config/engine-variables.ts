// The engine catalogue, which lobby, Game Master and Runtime Manager read.
import { filePath } from './types.ts';
import { optional } from './variables.ts';

/** @param prefix of the service's variables, such as `LOBBY`. */
export const enginesFileVariable = (prefix: string) =>
  optional(`${prefix}_ENGINES_FILE`, filePath, {
    help: 'Path of the engine catalogue (engine-catalogue.md). Unset: the example games.',
  });
