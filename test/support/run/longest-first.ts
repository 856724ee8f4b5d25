// The order in which test files begin: the longest ones first, so that all workers end at about the same time. The
// others by size.
import { statSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take half a minute or more on an idle machine. */
const longest = [
  'tools/start',
  'tools/bench',
  'tools/clients',
  'fault/lobby-crashes',
  'scale/million-games',
  'tools/engine-check',
  'fault/runtime-manager',
  'fault/lobby-replicas',
  'integration/lobby/startup',
  'fault/lobby-stores',
  'integration/backend/startup',
  'fault/game-master',
  'integration/game-master/turn-worker',
  'integration/lobby/race-name-properties',
  'integration/gateway/subscribe-events',
  'integration/streams/consumer-replicas',
  'integration/game-master/reminders',
  'tools/engine-check-faults',
  'fault/drain',
  'fault/mail',
  'fuzz/gateway',
  'integration/drivers/startup',
  'integration/gateway/admission-load',
].map((name) => `/test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      return found === -1 ? longest.length : found;
    };
    const size = ({ moduleId }: TestSpecification) => statSync(moduleId).size;
    // Those of a project that share a process follow each other; first come those that share none.
    const group = ({ project: { config, name } }: TestSpecification) => (config.isolate ? '' : name);
    return files.toSorted(
      (a, b) => group(a).localeCompare(group(b)) || place(a) - place(b) || size(b) - size(a),
    );
  }
}
