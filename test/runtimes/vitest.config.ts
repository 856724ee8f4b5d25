import { defineConfig } from 'vitest/config';

// Its own command (npm run test:runtimes), since the runtimes are large packages; see install.ts.
export default defineConfig({
  test: {
    name: 'runtimes',
    include: ['test/runtimes/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // A runtime and its databases keep two cores busy.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
