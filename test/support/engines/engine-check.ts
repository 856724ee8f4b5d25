// engine:check without its command line.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from '../../../infra/engine-check/group.ts';
import type { LabOptions } from '../../../infra/engine-check/lab.ts';
import { runChecks } from '../../../infra/engine-check/run-checks.ts';
import { compileCache } from '../../../infra/local/service.ts';

export type CheckOptions = Partial<LabOptions> & { readonly only?: readonly string[] };

/** @returns what came of every check. */
export async function checkEngine(
  command: readonly string[],
  { only, ...options }: CheckOptions = {},
): Promise<readonly Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-engine-check-'));
  const outcomes: Outcome[] = [];
  try {
    await runChecks(
      {
        command,
        environment: { PATH: process.env.PATH ?? '', ...compileCache },
        folder,
        engineVersion: '1.0.0',
        turns: 30,
        seed: 'c4'.repeat(32),
        startTimeoutMs: 20_000,
        requestTimeoutMs: 20_000,
        signal: new AbortController().signal,
        ...options,
      },
      only,
      (outcome) => outcomes.push(outcome),
    );
    return outcomes;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Checks that failed, each with what was wrong. */
export function failuresIn(outcomes: readonly Outcome[]): Record<string, string> {
  return Object.fromEntries(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'failed' ? [[`${outcome.group}: ${outcome.name}`, outcome.violation.message]] : [],
    ),
  );
}
