import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/run/longest-first.ts';

// Unit tests need nothing; the other projects share one PostgreSQL and one Redis that the global set-up starts,
// and every test file takes a database and a key prefix of its own from them.
// Time-outs are far longer than tests take, since a busy machine may be several times slower.
// More files run at once than there are cores, since most wait now and then; of whole processes another one.
const long = { maxWorkers: 4, sequence: { groupOrder: 1 } };

// Files of unit and integration tests share processes, as long as those of one project follow each other: a file in a
// process of its own compiles and warms up everything again, for almost half of its CPU time.
const shared = { isolate: false, setupFiles: ['test/support/run/as-found.ts'] };

/** Their subject is one of its kind in a process: its metrics, its connections. */
const alone = [
  'test/integration/backend/notification-maintenance.test.ts',
  'test/integration/gateway/{admission-load,half-open-grpc,metrics,web-streams}.test.ts',
  'test/integration/monitoring.test.ts',
  'test/unit/kept-connections.test.ts',
  'test/unit/telemetry/**/*.test.ts',
];

export default defineConfig({
  test: {
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    execArgv: [
      ...['--import', join(import.meta.dirname, 'infra', 'node', 'quick-imports.ts')],
      // Most of what a test makes is garbage soon: a larger young generation is collected less often.
      ...['--min-semi-space-size=16', '--max-semi-space-size=64'],
    ],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: alone,
          ...shared,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: alone,
          ...shared,
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The commands of this project, and the clients of its documentation, from an empty folder to a played game.
        test: {
          name: 'tools',
          include: ['test/tools/**/*.test.ts'],
          ...long,
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'scale',
          include: ['test/scale/**/*.test.ts'],
          ...long,
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'fault',
          include: ['test/fault/**/*.test.ts'],
          ...long,
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        // In Debian's Chromium, one browser at a time: a command of its own (npm run test:browser).
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/support/run/global-setup.ts'],
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Of a page on a busy machine; the default is a second.
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        // Pictures for the pages of docs: a command of its own (npm run screenshots).
        test: {
          name: 'screenshots',
          include: ['test/screenshots/**/*.test.ts'],
          globalSetup: ['test/support/run/global-setup.ts'],
        },
      },
      {
        // Failover of whole servers, with time-outs of one or two seconds: a command of its own (npm run test:failover).
        test: {
          name: 'failover',
          include: ['test/failover/**/*.test.ts'],
          globalSetup: ['test/support/run/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
