// Part of the static checks: handlers, and whatever they reach, import nothing that only Node has, so that they run on
// every runtime. Asks the bundler, which sees what is left at run time (types are gone, packages are followed).
import { glob } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/** Bundlers would take most of them, but they do not work everywhere. */
const nodeOnly =
  /^lib\/node\/|node_modules\/(@grpc\/grpc-js|@hono\/node-server|@opentelemetry\/(exporter|instrumentation|sdk)[^/]*|ioredis|nodemailer|pg|pino|sodium-native|undici)\//;

/** Those of the gateway serve one long-lived process on Node. */
const onNodeOnly = 'handlers/gateway/';

const entries: string[] = [];
for await (const file of glob('handlers/**/*.ts', { cwd: root })) {
  if (!file.startsWith(onNodeOnly)) entries.push(file);
}
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: entries,
  bundle: true,
  write: false,
  outdir: 'dist',
  metafile: true,
  format: 'esm',
  platform: 'neutral',
  // What the runtimes without Node ask packages for.
  conditions: ['workerd', 'worker', 'browser'],
  mainFields: ['browser', 'module', 'main'],
  plugins: [
    {
      name: 'leave core modules for the report',
      setup({ onResolve }) {
        onResolve({ filter: /.*/ }, ({ path }) => (isBuiltin(path) ? { path, external: true } : undefined));
      },
    },
  ],
});
const problems = findProblems(metafile);
for (const chain of problems) console.error(`needs Node: ${chain.join('\n         -> ')}`);
if (problems.length === 0) console.log(`${entries.length} handlers reach nothing of Node`);
else process.exitCode = 1;

/** A chain of imports for each thing of Node, from a handler to it. */
function findProblems({ inputs }: Metafile): string[][] {
  const importers = new Map<string, string>();
  const waiting = [...entries];
  const seen = new Set(waiting);
  const found: string[] = [];
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    if (nodeOnly.test(file)) {
      found.push(file);
      continue;
    }
    for (const { path, external } of inputs[file]?.imports ?? []) {
      if (seen.has(path)) continue;
      seen.add(path);
      importers.set(path, file);
      if (external === true) found.push(path);
      else waiting.push(path);
    }
  }
  return found.map((end) => {
    const chain = [end];
    for (let at = importers.get(end); at !== undefined; at = importers.get(at)) chain.unshift(at);
    return chain;
  });
}
