// The entry of an engine in the engine catalogue (docs/engine-catalogue.md).
import type { Manifest } from '../../lib/engine/api.ts';

export function catalogueEntry(command: readonly string[], manifest: Manifest): string {
  return JSON.stringify({ manifest, command }, null, 2);
}
