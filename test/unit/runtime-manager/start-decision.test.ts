import { describe, expect, it } from 'vitest';
import type { JobResult } from '../../../lib/protocol/runtime-jobs.ts';
import { capacityFailure, decideStart } from '../../../lib/runtime-manager/domain/start-decision.ts';

const noon = new Date('2026-05-01T12:00:00.000Z');
const job = { expires_at_ms: noon.getTime() + 1 };
const result: JobResult = {
  job_id: '0198c5a0-1111-7c50-8f0e-3f0f5d1f9a11',
  game_id: '0198c5a0-2222-7c50-8f0e-3f0f5d1f9a11',
  kind: 'start',
  outcome: 'success',
  finished_at_ms: 1,
};
const refusal = (code: string) => ({ kind: 'refuse', failure: { code, message: expect.any(String) } });

describe('a start job', () => {
  it.each([
    ['of which nothing is known', undefined],
    ['that was begun and has no result', { stopped: false, result: undefined }],
  ])('%s is to be started', (_, record) => {
    expect(decideStart(job, record, noon)).toEqual({ kind: 'start' });
  });

  it.each([
    ['as long as it runs', false, job],
    ['after its stop', true, job],
    ['after its time', false, { ...job, expires_at_ms: 0 }],
  ])('that has a result gets it again, %s', (_, stopped, again) => {
    expect(decideStart(again, { stopped, result }, noon)).toEqual({ kind: 'repeat', result });
  });

  it('that a stop job named is refused as stopped, expired or not', () => {
    const record = { stopped: true, result: undefined };
    expect(decideStart(job, record, noon)).toEqual(refusal('stopped'));
    expect(decideStart({ ...job, expires_at_ms: 0 }, record, noon)).toEqual(refusal('stopped'));
  });

  it('is void from its expiry on, not a millisecond earlier', () => {
    expect(decideStart({ ...job, expires_at_ms: noon.getTime() }, undefined, noon)).toEqual(
      refusal('expired'),
    );
    expect(decideStart({ ...job, expires_at_ms: noon.getTime() + 1 }, undefined, noon).kind).toBe('start');
  });

  it('that came too late says by whose clock, since those of lobby and Runtime Manager may differ', () => {
    const behind = { ...job, expires_at_ms: noon.getTime() - 6 * 60_000 };
    const expired = new Date(behind.expires_at_ms).toISOString();
    expect(decideStart(behind, undefined, noon)).toMatchObject({
      failure: {
        message: `The start job expired at ${expired}, before it was done: by the clock of this machine it is ${noon.toISOString()}. Start the game again.`,
      },
    });
  });
});

it('one more engine is refused once there are as many as there may be', () => {
  expect(capacityFailure(1, 2)).toBeUndefined();
  const message = (engines: string) =>
    `There ${engines} already, as many as RM_MAX_ENGINES allows. Start the game again later.`;
  expect(capacityFailure(1, 1)).toEqual({ code: 'too_many_engines', message: message('is 1 engine') });
  expect(capacityFailure(2, 2)).toEqual({ code: 'too_many_engines', message: message('are 2 engines') });
});
