import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Prints what the packages have to offer, both as modules and as CommonJS. */
const teller = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
for (const name of ['drizzle-orm', 'drizzle-orm/pg-core', 'drizzle-orm/node-postgres']) {
  const [required, imported] = [require(name), await import(name)];
  const { SQL, PgTable } = imported;
  console.log(name, import.meta.resolve(name), Object.keys(imported), Object.keys(required).length, SQL === required.SQL, PgTable?.name);
}`;

function told(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...args, '--input-type=module', '-e', teller], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout;
}

test('quick imports lead where others do', () => {
  const usual = told();
  expect(usual).toContain('node_modules/drizzle-orm/pg-core/index.js');
  expect(told('--import', './infra/node/quick-imports.ts')).toBe(usual);
});
