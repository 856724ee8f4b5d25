// Runs infra/containers/make-secrets.sh in a folder of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from './deployed-processes.ts';

export type MadeSecrets = { readonly folder: string; readonly values: Readonly<Record<string, string>> };

export function makeSecrets(): MadeSecrets {
  const folder = join(mkdtempSync(join(tmpdir(), 'galaxy-secrets-')), 'secrets');
  execFileSync('sh', [join(root, 'infra/containers/make-secrets.sh'), folder], { stdio: 'pipe' });
  const values = parseEnv(readFileSync(join(folder, 'secrets.env'), 'utf8'));
  return { folder, values: values as Record<string, string> };
}
