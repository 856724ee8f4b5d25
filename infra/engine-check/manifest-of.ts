import { type Manifest, manifestSchema } from '../../lib/engine/api.ts';
import { schemaChecker } from '../../lib/engine/json-schema.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import type { Engine } from './engine.ts';
import { read } from './expect.ts';
import { says } from './interface-says.ts';
import { Violation } from './violation.ts';

/** @throws Violation when it is not valid. */
export async function manifestOf(engine: Engine): Promise<Manifest> {
  const exchange = await engine.manifest();
  const manifest = read(manifestSchema, exchange);
  for (const name of ['options_schema', 'orders_schema'] as const) {
    try {
      schemaChecker(manifest[name], name);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      const message = `It is not a JSON Schema that can be checked: ${error.message}.`;
      throw new Violation(message, [exchange], says.schemas);
    }
  }
  return manifest;
}
