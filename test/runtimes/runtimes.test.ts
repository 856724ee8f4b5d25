// The same requests to every runtime, with whichever drivers it has, must get the same responses and leave the same in
// the streams of Redis. Node is the reference; the stories say what it must respond.
import { beforeAll, expect, test } from 'vitest';
import { type Outcome, playOn } from './support/play.ts';
import { bun, deno, lambda, miniflare, node, workerd } from './support/runtimes.ts';

let reference: Outcome;
beforeAll(async () => {
  reference = await playOn(node, 'TCP');
});

test('Node publishes what was decided', () => {
  expect(reference.streams).toMatchObject({
    'notification:intents': [
      ...Array(4).fill({ notification_type: 'user.session.created' }),
      { notification_type: 'lobby.application.submitted' },
      { notification_type: 'lobby.application.submitted' },
      { notification_type: 'lobby.application.approved' },
      { notification_type: 'lobby.application.approved' },
      { notification_type: 'lobby.enrollment.closed' },
    ],
    'runtime:start_jobs': [{ engine_version: '1.0.0' }],
    'user:lifecycle_events': [{ event_type: 'permanent_blocked' }],
  });
});

test.each([
  { runtime: bun, drivers: 'TCP' },
  { runtime: deno, drivers: 'TCP' },
  { runtime: lambda, drivers: 'TCP' },
  { runtime: node, drivers: 'WebSocket and REST' },
  { runtime: bun, drivers: 'WebSocket and REST' },
  { runtime: deno, drivers: 'WebSocket and REST' },
  { runtime: lambda, drivers: 'WebSocket and REST' },
  { runtime: workerd, drivers: 'WebSocket and REST' },
  { runtime: miniflare, drivers: 'WebSocket and REST' },
] as const)(
  '$runtime.name responds and publishes as Node does, over $drivers',
  async ({ runtime, drivers }) => {
    const { responses, streams } = await playOn(runtime, drivers);
    expect(responses).toEqual(reference.responses);
    expect(streams).toEqual(reference.streams);
  },
);
