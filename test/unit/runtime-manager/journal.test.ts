import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobResult } from '../../../lib/protocol/runtime-jobs.ts';
import { type Journal, openJournal } from '../../../lib/runtime-manager/jobs/journal.ts';

const day = 24 * 3_600_000;
const gameId = '0198c5a0-2222-7c50-8f0e-3f0f5d1f9a11';
const ids = [1, 2, 3, 4].map((number) => `0198c5a0-111${number}-7c50-8f0e-3f0f5d1f9a11`);
const [running = '', failed = '', stopped = '', begun = ''] = ids;
const stopJob = '0198c5a0-3333-7c50-8f0e-3f0f5d1f9a11';

let folder: string;
let path: string;
let nowMs: number;
let journal: Journal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-journal-'));
  path = join(folder, 'runtime', 'journal.sqlite');
  nowMs = 1_000;
  journal = open();
});
afterEach(async () => {
  journal.close();
  await rm(folder, { recursive: true, force: true });
});

const open = () => openJournal(path, () => new Date(nowMs));
const resultOf = (jobId: string, more: Partial<JobResult> = {}): JobResult => ({
  job_id: jobId,
  game_id: gameId,
  kind: 'start',
  outcome: 'success',
  finished_at_ms: 7,
  ...more,
});

function fill(): void {
  for (const jobId of ids)
    journal.begin({ jobId, gameId, engineFamily: 'test-game', engineVersion: '1.4.0' });
  journal.finishStart(resultOf(running, { engine_endpoint: 'http://127.0.0.1:1', container_id: 'x' }));
  journal.finishStart(resultOf(failed, { outcome: 'failure', error_code: 'engine_ended' }));
  journal.finishStart(resultOf(stopped));
  journal.markStopped(stopped, gameId);
  journal.finishStop(resultOf(stopJob, { kind: 'stop' }));
}

describe('the journal', () => {
  it('still has what was recorded after it was closed and opened', () => {
    fill();
    const kept = () => [...ids.map((id) => journal.findStart(id)), journal.findStop(stopJob)];
    const before = kept();
    expect(before[0]).toEqual({
      jobId: running,
      gameId,
      engineVersion: '1.4.0',
      stopped: false,
      result: resultOf(running, { engine_endpoint: 'http://127.0.0.1:1', container_id: 'x' }),
    });
    journal.close();
    journal = open();
    expect(kept()).toEqual(before);
  });

  it('knows which engines should run', () => {
    fill();
    const jobIds = (which: 'started' | 'begun') => journal.engines(which).map(({ jobId }) => jobId);
    expect(jobIds('started')).toEqual([running]);
    expect(jobIds('begun')).toEqual([running, begun]);
  });

  it('does not take a start back that is stopped, whichever is recorded first', () => {
    journal.markStopped(running, gameId);
    journal.begin({ jobId: running, gameId, engineFamily: 'test-game', engineVersion: '1.4.0' });
    journal.finishStart(resultOf(running));
    expect(journal.findStart(running)?.stopped).toBe(true);
    expect(journal.engines('started')).toEqual([]);
  });

  it('forgets what has been over for long enough, and never what may run', () => {
    fill();
    nowMs += 30 * day;
    expect(journal.forget(30 * day)).toEqual([]);
    nowMs += 1;
    expect(journal.forget(30 * day).toSorted()).toEqual([failed, stopped].toSorted());
    expect(ids.map((id) => journal.findStart(id) !== undefined)).toEqual([true, false, false, true]);
    expect(journal.findStop(stopJob)).toBeUndefined();
  });

  it('is one process’s at a time, and free when that has closed it', () => {
    expect(open).toThrow(/journal\.sqlite is in use: another Runtime Manager runs on this folder/);
    journal.close();
    journal = open();
  });

  it('goes on with a file of version 1, whose jobs named no family', () => {
    fill();
    journal.close();
    const earlier = new DatabaseSync(path);
    earlier.exec('alter table start_jobs drop column engine_family; pragma user_version = 1');
    earlier.close();
    journal = open();
    expect(journal.engines('started')).toEqual([
      { jobId: running, gameId, engineFamily: undefined, engineVersion: '1.4.0' },
    ]);
    journal.close();
    journal = open();
    expect(journal.engines('begun')).toHaveLength(2);
  });

  it('refuses a file of a later version, and leaves it as it is', () => {
    journal.close();
    const later = new DatabaseSync(path);
    later.exec('pragma user_version = 99');
    later.close();
    expect(open).toThrow(/was written by a later version/);
    expect(open).toThrow(/was written by a later version/);
    const mended = new DatabaseSync(path);
    mended.exec('pragma user_version = 2');
    mended.close();
    journal = open();
  });
});
