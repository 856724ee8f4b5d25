// Engine catalogues for tests.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maxSeats } from '../../../lib/engine/api.ts';
import { EngineCatalogue } from '../../../lib/engine/catalogue.ts';

/** An entry of a catalogue: a game of any size, with any options. Nothing is behind its command. */
export const entryOf = (manifest: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  manifest: {
    protocol: 2,
    family: 'test-game',
    version: '1.4.0',
    seats: { min: 1, max: maxSeats },
    options_schema: { type: 'object' },
    orders_schema: { type: 'object' },
    turn_order: 'simultaneous',
    hidden_information: true,
    spectator_view: true,
    ...manifest,
  },
  command: ['/nowhere/engine'],
  ...more,
});

/** For lobbies whose games no engine plays: all versions that tests name. */
const testEngines = ['1.4.0', '1.0.0', '1.0.0-rc.1+b', '1.4.2', '2.0.0-rc.1', '2.0.0'].map((version) =>
  entryOf({ version }),
);
export const testCatalogue = new EngineCatalogue({ engines: testEngines });

/** @returns the path of the same catalogue as a file, for lobbies that are processes. */
export const testCatalogueFile = () => writeCatalogue(testEngines);

/** @returns the path of a catalogue in the folder for temporary files. */
export function writeCatalogue(engines: readonly Record<string, unknown>[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'galaxy-test-engines-')), 'engines.json');
  writeFileSync(path, JSON.stringify({ engines }));
  return path;
}

/** Variables of a Runtime Manager that runs this command for the jobs of `newStartJob`. */
export function program(...command: string[]): Record<string, string> {
  return {
    RM_ENGINES_FILE: writeCatalogue([entryOf({ family: 'four-in-a-row', version: '1.0.0' }, { command })]),
  };
}
