// The catalogue as a file, for processes of Node. What only matters where the engines run is resolved here, and schemas
// that could keep a process busy are refused: strangers choose the options that are held to them.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { OperatorError } from '../errors/operator-error.ts';
import { builtInEngines, EngineCatalogue } from './catalogue.ts';
import { slowSchemaProblem } from './slow-schema.ts';

/** All of it is in one response of `lobby.engine.list`. */
const maxFileBytes = 512 * 1024;

/**
 * @param path of the file; undefined for the catalogue of the example games.
 * @throws OperatorError with every problem of the file.
 */
export async function openCatalogue(path: string | undefined): Promise<EngineCatalogue> {
  if (path === undefined) return builtInEngines();
  try {
    return catalogueIn(await readFile(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${path}: ${why.replaceAll('\n', '\n    ')}`, { cause: error });
  }
}

/** @param text what a file holds. @throws SyntaxError; OperatorError with every problem. */
export function catalogueIn(text: string): EngineCatalogue {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxFileBytes) {
    throw new OperatorError(`the whole: has ${bytes} bytes; at most ${maxFileBytes} are allowed`);
  }
  const catalogue = new EngineCatalogue(JSON.parse(text));
  const problems = catalogue.engines.flatMap(({ manifest }, index) => {
    const problem = slowSchemaProblem(manifest.options_schema);
    return problem === undefined ? [] : [`engines[${index}].manifest.options_schema${problem}`];
  });
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
  return catalogue;
}

/**
 * The command of an engine as it is run: `{node}` is the Node.js of this process, and words that begin with `./` or `../`
 * are relative to the folder of the catalogue.
 */
export function commandOf(command: readonly string[], path: string | undefined): string[] {
  const folder = dirname(resolve(path ?? join(import.meta.dirname, 'engines.json')));
  return command.map((word) => {
    if (word === '{node}') return execPath;
    return /^\.\.?\//.test(word) ? resolve(folder, word) : word;
  });
}
