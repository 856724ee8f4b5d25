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

/** Prints every file that processes of the platform load, and as what. */
const lister = `import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({
  load(url, context, nextLoad) {
    const result = nextLoad(url, context);
    loaded.push(url + ' ' + result.format);
    return result;
  },
});
for (const file of ['lobby/process/start', 'gateway/process/start', 'backend/process/start']) {
  await import(process.cwd() + '/lib/' + file + '.ts');
}
console.log(loaded.filter((line) => !line.includes('/quick-imports.ts')).sort().join('\\n'));`;

function told(script: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...args, '--input-type=module', '-e', script], {
    encoding: 'utf8',
    maxBuffer: 10_000_000,
  });
  expect(stderr).toBe('');
  return stdout;
}

test.each([
  ['of drizzle-orm', teller, 'node_modules/drizzle-orm/pg-core/index.js'],
  ['of whole processes', lister, 'node_modules/zod/'],
])('quick imports %s lead where others do', (_, script, part) => {
  const usual = told(script);
  expect(usual).toContain(part);
  expect(told(script, '--import', './infra/node/quick-imports.ts')).toBe(usual);
});
