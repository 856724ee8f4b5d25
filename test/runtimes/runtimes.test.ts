// The same requests to every runtime must get the same answers and leave the same in the streams of Redis. Node is the
// reference; what it must answer stands in the stories.
import { beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, playOn } from './support/play.ts';
import { bun, deno, lambda, node } from './support/runtimes.ts';

let reference: Outcome;
beforeAll(async () => {
  reference = await playOn(node);
});

test('Node publishes what was decided', () => {
  expect(reference.streams).toMatchObject({
    'runtime:start_jobs': [{ engine_version: '1.0.0' }],
    'user:lifecycle_events': [{ event_type: 'permanent_blocked' }],
  });
});

describe.each([bun, deno, lambda])('$name', (runtime) => {
  test('answers as Node does, and publishes the same', async () => {
    const { answers, streams } = await playOn(runtime);
    expect(answers).toEqual(reference.answers);
    expect(streams).toEqual(reference.streams);
  });
});
