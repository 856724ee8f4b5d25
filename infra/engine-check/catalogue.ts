// The entry of an engine in the catalogue of those that a platform runs.
import type { Manifest } from '../../lib/engine/api.ts';

export function catalogueEntry(command: readonly string[], manifest: Manifest): string {
  const { family, version } = manifest;
  return JSON.stringify({ family, version, command, manifest }, null, 2);
}
