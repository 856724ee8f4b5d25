// The clients that docs/clients.md describes, one after the other against one platform: it takes longer to start, and
// the package to install, than most of them take to play.
import { afterAll, beforeAll } from 'vitest';
import { PackageProject } from '../support/client/package-project.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';
import { describeBrowser } from './clients/browser.ts';
import { describePackage } from './clients/package.ts';
import { describePython } from './clients/python.ts';

let running: { stack: TestStack; project: PackageProject };
beforeAll(async () => {
  const [stack, project] = await Promise.all([startTestStack(), PackageProject.create()]);
  running = { stack, project };
});
afterAll(async () => {
  await running?.stack.stop();
  await running?.project.remove();
});

describePackage(() => running);
describeBrowser(() => running);
describePython(() => running);
