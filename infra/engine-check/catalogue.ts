// An engine catalogue with this engine alone.
import type { Manifest } from '../../lib/engine/api.ts';

export function catalogueOf(command: readonly string[], manifest: Manifest): string {
  return JSON.stringify({ engines: [{ manifest, command }] }, null, 2);
}
