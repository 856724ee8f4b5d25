import type { Manifest } from '../../lib/engine/api.ts';
import { catalogueIn } from '../../lib/engine/catalogue-file.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import type { Attempt } from './exchange.ts';
import { says } from './interface-says.ts';
import { Violation } from './violation.ts';

/**
 * An engine catalogue with this engine alone.
 * @param attempts the requests that have shown the manifest.
 * @throws Violation when no platform would start with it.
 */
export function catalogueOf(
  command: readonly string[],
  manifest: Manifest,
  attempts: readonly Attempt[] = [],
): string {
  const text = JSON.stringify({ engines: [{ manifest, command }] }, null, 2);
  try {
    catalogueIn(text);
    return text;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const problems = error.message.replaceAll(/engines\[0\]\.(manifest\.)?/g, '').replaceAll('\n', '; ');
    throw new Violation(`No engine catalogue takes it: ${problems}.`, attempts, says.catalogue);
  }
}
