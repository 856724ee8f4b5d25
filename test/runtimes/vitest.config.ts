import { defineConfig } from 'vitest/config';

const shared = {
  globalSetup: ['test/support/run/global-setup.ts'],
  // A runtime and its databases keep two cores busy.
  maxWorkers: 1,
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

// They have a command of their own (npm run test:runtimes), since the runtimes are large packages; see install.ts.
export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'runtimes', include: ['test/runtimes/**/*.test.ts'] } },
      { test: { ...shared, name: 'cold-start', include: ['test/runtimes/cold-start.ts'] } },
    ],
  },
});
