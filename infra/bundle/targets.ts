// The bundles of each runtime: a file per entrypoint, with every package in it. Where drivers are chosen at start,
// shared code is in files next to it.
import type { BuildOptions } from 'esbuild';

export type Target = {
  readonly runtime: string;
  /** Entrypoints from the project's root, by the name of their bundle. */
  readonly entries: Readonly<Record<string, string>>;
  readonly options: BuildOptions;
};

const onNodeApi: BuildOptions = {
  platform: 'node',
  splitting: true,
  // As Node resolves packages. Half of pg as CommonJS and half as ES modules does not fit together.
  conditions: [],
  // CommonJS packages inside an ES module ask for core modules with `require`.
  banner: {
    js: `import { createRequire as galaxyCreateRequire } from 'node:module'; const require = galaxyCreateRequire(import.meta.url);`,
  },
  // An optional addon of pg.
  external: ['pg-native'],
};

export const targets: readonly Target[] = [
  {
    runtime: 'node',
    entries: { lobby: 'infra/node/lobby-http.ts', backend: 'infra/node/backend-http.ts' },
    options: { ...onNodeApi, target: 'node26' },
  },
  {
    runtime: 'bun',
    entries: { lobby: 'infra/bun/lobby.ts', backend: 'infra/bun/backend.ts' },
    options: { ...onNodeApi, target: 'es2024' },
  },
  {
    runtime: 'deno',
    entries: { lobby: 'infra/deno/lobby.ts', backend: 'infra/deno/backend.ts' },
    options: { ...onNodeApi, target: 'es2024' },
  },
  {
    runtime: 'lambda',
    entries: { lobby: 'infra/lambda/lobby.ts', backend: 'infra/lambda/backend.ts' },
    options: { ...onNodeApi, target: 'node24' },
  },
  {
    runtime: 'workerd',
    entries: {
      'lobby-public': 'infra/cloudflare/lobby-public.ts',
      'lobby-internal': 'infra/cloudflare/lobby-internal.ts',
      'backend-service': 'infra/cloudflare/backend-service.ts',
      'backend-admin': 'infra/cloudflare/backend-admin.ts',
    },
    options: {
      platform: 'neutral',
      conditions: ['workerd', 'worker', 'browser'],
      mainFields: ['browser', 'module', 'main'],
      external: ['node:*', 'cloudflare:*'],
      target: 'es2024',
    },
  },
];
