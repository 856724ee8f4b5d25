import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, manifestSchema } from '../../lib/engine/api.ts';
import { schemaChecker } from '../../lib/engine/json-schema.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { read } from './expect.ts';
import { says } from './interface-says.ts';
import { Violation } from './violation.ts';

/** Of an engine that is started for it in this folder. @throws Violation when it is not valid. */
export async function readManifest(options: EngineOptions & { readonly folder: string }): Promise<Manifest> {
  const folder = join(options.folder, 'manifest');
  await mkdir(folder);
  const engine = new Engine(folder, options);
  try {
    await engine.start();
    const exchange = await engine.manifest();
    const manifest = read(manifestSchema, exchange);
    for (const name of ['options_schema', 'orders_schema'] as const) {
      try {
        schemaChecker(manifest[name], name);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        throw new Violation(
          `It is not a JSON Schema that can be checked: ${error.message}.`,
          [exchange],
          says.schemas,
        );
      }
    }
    return manifest;
  } finally {
    await engine.kill();
    await engine.saveTranscript();
  }
}
