// The rules of .dependency-cruiser.cjs, each on a small tree that breaks it: a rule whose path no longer fits the tree
// would pass everything.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: IForbiddenRuleType[];
};

let root: string;
let trees = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'galaxy-import-rules-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** @returns the names of the rules that `from` breaks by importing `to`. */
async function brokenRules(from: string, to: string, kind: 'import' | 'import type' = 'import') {
  const baseDir = join(root, String(++trees));
  const up = '../'.repeat(from.split('/').length - 1);
  const files = {
    [from]: `${kind} { a } from '${up}${to}';\nexport const b${kind === 'import' ? ' = a' : ': typeof a = 1'};\n`,
    [to]: 'export const a = 1;\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(baseDir, path)), { recursive: true });
    await writeFile(join(baseDir, path), text);
  }
  const tops = [...new Set([from, to].map((path) => path.split('/')[0] ?? path))];
  const { output } = await cruise(tops, {
    baseDir,
    ruleSet: { forbidden },
    validate: true,
    parser: 'swc',
  });
  return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
}

describe('an import is refused', () => {
  it.each([
    ['handlers/lobby/a.ts', 'lib/lobby/store/games.ts', 'handlers-hold-no-sql'],
    ['handlers/lobby/a.ts', 'lib/lobby/store/schema.ts', 'handlers-hold-no-sql'],
    ['handlers/lobby/a.ts', 'drizzle/lobby/a.ts', 'handlers-hold-no-sql'],
    ['lib/lobby/domain/a.ts', 'lib/lobby/store/games.ts', 'domain-is-pure'],
    ['lib/backend/domain/a.ts', 'lib/backend/store/schema.ts', 'domain-is-pure'],
    ['lib/streams/a.ts', 'lib/backend/store/schema.ts', 'shared-subjects-know-no-service'],
    ['lib/outbox/a.ts', 'lib/lobby/store/schema.ts', 'shared-subjects-know-no-service'],
    ['lib/lobby/store/a.ts', 'lib/backend/store/schema.ts', 'lobby-is-a-service-of-its-own'],
    ['lib/lobby/store/a.ts', 'lib/lobby/operations/a.ts', 'lobby-store-imports-no-room-above'],
    ['lib/lobby/operations/a.ts', 'lib/lobby/process/a.ts', 'lobby-operations-imports-no-room-above'],
    ['lib/lobby/consumers/a.ts', 'lib/lobby/process/a.ts', 'lobby-consumers-imports-no-room-above'],
    ['lib/gateway/commands/a.ts', 'lib/gateway/grpc/a.ts', 'gateway-commands-imports-no-room-above'],
    ['lib/gateway/push/a.ts', 'lib/gateway/process/a.ts', 'gateway-push-imports-no-room-above'],
    ['lib/backend/mail/a.ts', 'lib/backend/process/a.ts', 'backend-mail-imports-no-room-above'],
    ['lib/lobby/caller.ts', 'lib/lobby/shelf/a.ts', 'every-room-has-its-place'],
    ['lib/lobby/process/serverless.ts', 'lib/node/a.ts', 'serverless-start-reaches-no-node-code'],
    ['lib/lobby/operations/a.ts', 'workers/a.ts', 'nothing-imports-upwards-from-lib'],
  ])('%s -> %s, by %s', async (from, to, rule) => {
    expect(await brokenRules(from, to)).toContain(rule);
  });
});

it('refuses an import of a type as it refuses any other', async () => {
  expect(await brokenRules('lib/lobby/store/a.ts', 'lib/lobby/operations/a.ts', 'import type')).toEqual([
    'lobby-store-imports-no-room-above',
  ]);
});

describe('an import is allowed', () => {
  it.each([
    ['lib/lobby/operations/a.ts', 'lib/lobby/store/games.ts', 'import'],
    ['lib/lobby/process/a.ts', 'lib/lobby/consumers/a.ts', 'import'],
    ['handlers/lobby/a.ts', 'lib/lobby/operations/a.ts', 'import'],
    ['handlers/lobby/a.ts', 'lib/lobby/store/games.ts', 'import type'],
    ['lib/lobby/store/a.ts', 'lib/outbox/a.ts', 'import'],
  ] as const)('%s -> %s, by %s', async (from, to, kind) => {
    expect(await brokenRules(from, to, kind)).toEqual([]);
  });
});
