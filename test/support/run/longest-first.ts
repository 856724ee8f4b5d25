// The order in which test files begin: the longest ones first, so that all workers end at about the same time. The
// others by size, across projects: those that wait for time-outs then run at the same time as those that compute.
import { statSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take half a minute or more on an idle machine. */
const longest = [
  'e2e/start',
  'fault/lobby-crashes',
  'integration/bench',
  'integration/engine-check-faults',
  'integration/engine-check',
  'integration/game-master/turn-worker',
  'fault/lobby-replicas',
  'integration/lobby/startup',
  'integration/lobby/million-games',
  'fault/lobby-stores',
  'fault/game-master',
  'integration/backend/startup',
  'fault/drain',
  'integration/runtime-manager/restarts',
  'integration/streams/consumer-replicas',
].map((name) => `/test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      return found === -1 ? longest.length : found;
    };
    const size = ({ moduleId }: TestSpecification) => statSync(moduleId).size;
    return files.toSorted((a, b) => place(a) - place(b) || size(b) - size(a));
  }
}
