import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineProtocol } from '../../../lib/engine/api.ts';
import { builtInEngines, EngineCatalogue, isManifestOf } from '../../../lib/engine/catalogue.ts';
import { commandOf, openCatalogue } from '../../../lib/engine/catalogue-file.ts';
import { rules as fourInARow } from '../../../lib/four-in-a-row/rules.ts';
import { rules as starConquest } from '../../../lib/star-conquest/rules.ts';
import { entryOf } from '../../support/engines/catalogue.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-catalogue-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const refusal = (...engines: unknown[]) => {
  try {
    new EngineCatalogue({ engines });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('the catalogue of the example games', () => {
  it.each([fourInARow, starConquest])(
    'has the manifest that the engine prints: $manifest.family',
    ({ manifest }) => {
      const entry = builtInEngines().find(manifest.family, manifest.version);
      expect(entry && isManifestOf(entry, { protocol: engineProtocol, ...manifest })).toBe(true);
    },
  );
});

describe('a catalogue', () => {
  it('finds an engine by family and version; games that name no family play the first', () => {
    const catalogue = new EngineCatalogue({
      engines: [entryOf({ family: 'chess', version: '2.0.0' }), entryOf({ version: '1.0.0' }), entryOf()],
    });
    expect(catalogue.defaultFamily).toBe('chess');
    expect(catalogue.families).toEqual(['chess', 'test-game']);
    expect(catalogue.versionsOf('test-game')).toEqual(['1.0.0', '1.4.0']);
    expect(catalogue.find('test-game', '1.4.0')?.manifest.version).toBe('1.4.0');
    expect(catalogue.find('chess', '1.4.0')).toBeUndefined();
  });

  it('holds options to the schema of the engine', () => {
    const options_schema = {
      type: 'object',
      properties: { size: { type: 'integer', maximum: 9 } },
      additionalProperties: false,
    };
    const [engine] = new EngineCatalogue({ engines: [entryOf({ options_schema })] }).engines;
    expect(engine?.optionProblems({ size: 9 })).toEqual([]);
    expect(engine?.optionProblems({ size: 10 })).toEqual([
      { path: '/size', message: '10 is greater than 9.' },
    ]);
    expect(engine?.optionProblems({ colour: 'red' })).toMatchObject([{ path: '/colour' }]);
  });

  it.each<[string, unknown[], string]>([
    ['no engine', [], 'engines: Too small'],
    ['twice the same version', [entryOf(), entryOf()], 'engines[1].manifest.version: test-game 1.4.0 is in'],
    [
      'a version that is not semantic',
      [entryOf({ version: '1' })],
      'engines[0].manifest.version: must be a se',
    ],
    ['a name with blanks', [entryOf({ family: 'Star wars' })], 'engines[0].manifest.family: Invalid string'],
    ['another interface', [entryOf({ protocol: 1 })], 'engines[0].manifest.protocol: Invalid input'],
    ['a field that is not known', [entryOf({ speed: 3 })], 'engines[0].manifest: Unrecognized key'],
    [
      'nothing to start',
      [entryOf({}, { command: undefined })],
      'engines[0]: needs a command, an image, or b',
    ],
    ['an empty command', [entryOf({}, { command: [] })], 'engines[0].command: Too small'],
    [
      'more seats at least than at most',
      [entryOf({ seats: { min: 3, max: 2 } })],
      'engines[0].manifest.seats',
    ],
    [
      'options whose schema is not a schema',
      [entryOf({ options_schema: { properties: { size: { type: 'number', maximun: 3 } } } })],
      'engines[0].manifest.options_schema/properties/size/maximun: is a keyword that is not known here',
    ],
    [
      'orders whose schema leads nowhere',
      [entryOf({ orders_schema: { $ref: '#/$defs/none' } })],
      'engines[0].manifest.orders_schema: $ref #/$defs/none leads nowhere',
    ],
    ['limits below what runs', [entryOf({}, { limits: { memory_mib: 1 } })], 'engines[0].limits.memory_mib'],
  ])('is refused with %s', (_, engines, message) => {
    expect(refusal(...engines)).toContain(message);
  });

  it('is refused with all of its problems at once', () => {
    expect(
      refusal(entryOf(), entryOf(), entryOf({ version: '2.0.0', orders_schema: { type: 'x' } })),
    ).toMatch(/engines\[1\]\.manifest\.version: .*\nengines\[2\]\.manifest\.orders_schema\/type: /);
  });

  it('knows an engine by its manifest, in whatever order its keys are', () => {
    const { manifest } = entryOf();
    const [entry] = new EngineCatalogue({ engines: [{ manifest, command: ['x'] }] }).engines;
    if (entry === undefined) throw new Error('the catalogue has an engine');
    const turned = { ...entry.manifest, seats: { max: manifest.seats.max, min: manifest.seats.min } };
    expect(isManifestOf(entry, turned)).toBe(true);
    expect(isManifestOf(entry, { ...turned, seats: { min: 2, max: 3 } })).toBe(false);
  });
});

describe('the file of a catalogue', () => {
  const write = async (content: string) => {
    const path = join(folder, 'engines.json');
    await writeFile(path, content);
    return path;
  };

  it.each([
    ['that is not JSON', '{"engines":', /engines\.json: .*JSON/],
    ['that is too large', `{"engines":[${' '.repeat(600_000)}]}`, /has 600014 bytes; at most 524288/],
    ['that is something else', '[]', /the whole: Invalid input: expected object/],
  ])('%s is refused by its name', async (_, content, message) => {
    const path = await write(content);
    await expect(openCatalogue(path)).rejects.toThrow(message);
  });

  it('is refused with all of its problems, one under the other', async () => {
    const path = await write(
      JSON.stringify({ engines: [entryOf(), entryOf(), entryOf({ version: '2', speed: 3 })] }),
    );
    await expect(openCatalogue(path)).rejects.toThrow(
      /engines\.json: engines\[2\]\.manifest: Unrecognized key.*\n {4}engines\[2\]\.manifest\.version: must be/,
    );
  });

  it('that is not there is refused by its name', async () => {
    await expect(openCatalogue('/nowhere/engines.json')).rejects.toThrow(/^\/nowhere\/engines\.json: ENOENT/);
  });

  it('may not hold a schema of options that strangers could keep busy', async () => {
    const options_schema = { properties: { name: { pattern: '^(a+)+$' } } };
    const path = await write(JSON.stringify({ engines: [entryOf({ options_schema })] }));
    await expect(openCatalogue(path)).rejects.toThrow(
      /engines\[0\]\.manifest\.options_schema\/properties\/name: the pattern "\^\(a\+\)\+\$" may take long/,
    );
  });

  it('says where a program is: beside it, on the path, or the Node that runs', () => {
    expect(
      commandOf(['{node}', './engine.ts', '../x', '--fast', 'python3'], '/opt/games/engines.json'),
    ).toEqual([process.execPath, '/opt/games/engine.ts', '/opt/x', '--fast', 'python3']);
  });
});
