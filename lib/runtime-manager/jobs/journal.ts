// The journal of jobs and their results, on this Runtime Manager's own disk: SQLite, with every change written through
// to the disk before the call returns. A job is recorded before its engine is started, and its result before it is
// published, so that after a crash at any point a job that comes again is known. The file is locked while it is open: a
// second Runtime Manager on the same folder would start every engine twice.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../../errors/operator-error.ts';
import { type JobResult, jobResultEntry } from '../../protocol/runtime-jobs.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import type { StartRecord } from '../domain/start-decision.ts';

const schemaVersion = 2;
const schema = `
create table start_jobs (
  job_id text primary key,
  game_id text not null,
  engine_family text,
  engine_version text,
  stopped integer not null default 0,
  outcome text check (outcome in ('success', 'failure')),
  result text,
  changed_at_ms integer not null
) strict;
create table stop_jobs (
  job_id text primary key,
  result text not null,
  changed_at_ms integer not null
) strict;
`;
/** By the version before. */
const upgrades: Readonly<Record<number, string>> = {
  1: 'alter table start_jobs add column engine_family text;',
};

export class Journal {
  readonly #db: DatabaseSync;
  readonly #now: () => Date;

  constructor(db: DatabaseSync, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  findStart(jobId: string): StartRecord | undefined {
    const row = this.#db.prepare('select * from start_jobs where job_id = ?').get(jobId);
    return row === undefined ? undefined : startRecord(row);
  }

  /** Records that an engine of this job may run from now on. */
  begin({ jobId, gameId, engineFamily, engineVersion }: EngineJob): void {
    this.#db
      .prepare(
        `insert into start_jobs (job_id, game_id, engine_family, engine_version, changed_at_ms) values (?, ?, ?, ?, ?)
         on conflict (job_id) do update set engine_family = excluded.engine_family,
           engine_version = excluded.engine_version, changed_at_ms = excluded.changed_at_ms`,
      )
      .run(jobId, gameId, engineFamily ?? null, engineVersion, this.#nowMs());
  }

  /** Records that no engine of this start job may run from now on, even if the job has not come yet. */
  markStopped(startJobId: string, gameId: string): void {
    this.#db
      .prepare(
        `insert into start_jobs (job_id, game_id, stopped, changed_at_ms) values (?, ?, 1, ?)
         on conflict (job_id) do update set stopped = 1, changed_at_ms = excluded.changed_at_ms`,
      )
      .run(startJobId, gameId, this.#nowMs());
  }

  finishStart(result: JobResult): void {
    this.#db
      .prepare(
        `insert into start_jobs (job_id, game_id, outcome, result, changed_at_ms) values (?, ?, ?, ?, ?)
         on conflict (job_id) do update
           set outcome = excluded.outcome, result = excluded.result, changed_at_ms = excluded.changed_at_ms`,
      )
      .run(result.job_id, result.game_id, result.outcome, encodeResult(result), this.#nowMs());
  }

  findStop(jobId: string): JobResult | undefined {
    const row = this.#db.prepare('select result from stop_jobs where job_id = ?').get(jobId);
    return row === undefined ? undefined : decodeResult(row.result);
  }

  finishStop(result: JobResult): void {
    this.#db
      .prepare('insert or replace into stop_jobs (job_id, result, changed_at_ms) values (?, ?, ?)')
      .run(result.job_id, encodeResult(result), this.#nowMs());
  }

  /** Engines that should run. @param which `begun` includes those whose start has no result yet. */
  engines(which: 'started' | 'begun'): EngineJob[] {
    const outcome = which === 'started' ? `outcome = 'success'` : `(outcome is null or outcome = 'success')`;
    return this.#db
      .prepare(
        `select job_id, game_id, engine_family, engine_version from start_jobs
         where stopped = 0 and engine_version is not null and ${outcome} order by changed_at_ms, job_id`,
      )
      .all()
      .map((row) => ({
        jobId: String(row.job_id),
        gameId: String(row.game_id),
        engineFamily: row.engine_family === null ? undefined : String(row.engine_family),
        engineVersion: String(row.engine_version),
      }));
  }

  /** Forgets jobs that ended more than `olderThanMs` ago. @returns the ids of the start jobs among them. */
  forget(olderThanMs: number): string[] {
    const before = this.#nowMs() - olderThanMs;
    this.#db.prepare('delete from stop_jobs where changed_at_ms < ?').run(before);
    return this.#db
      .prepare(
        `delete from start_jobs where changed_at_ms < ? and (stopped = 1 or outcome = 'failure') returning job_id`,
      )
      .all(before)
      .map((row) => String(row.job_id));
  }

  close(): void {
    this.#db.close();
  }

  #nowMs(): number {
    return this.#now().getTime();
  }
}

/**
 * Opens the journal, or creates it.
 * @throws OperatorError when another process has it open, or a later version wrote it.
 */
export function openJournal(path: string, now: () => Date): Journal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path);
  try {
    db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full;');
    // Takes the lock, which is held until the file is closed or this process ends, however it ends.
    db.exec('begin exclusive');
    const version = Number(db.prepare('pragma user_version').get()?.user_version);
    if (version > schemaVersion) {
      throw new OperatorError(
        `${path} was written by a later version of the Runtime Manager; run that version, or use another folder`,
      );
    }
    db.exec(version === 0 ? schema : (upgrades[version] ?? ''));
    db.exec(`pragma user_version = ${schemaVersion};`);
    db.exec('commit');
    return new Journal(db, now);
  } catch (error) {
    db.close();
    if (error instanceof Error && error.message === 'database is locked') {
      throw new OperatorError(
        `${path} is in use: another Runtime Manager runs on this folder. Stop it, or give this one a folder of its own`,
      );
    }
    throw error;
  }
}

function startRecord(row: Record<string, unknown>): StartRecord {
  return {
    jobId: String(row.job_id),
    gameId: String(row.game_id),
    engineVersion: row.engine_version === null ? undefined : String(row.engine_version),
    stopped: row.stopped === 1,
    result: row.result === null ? undefined : decodeResult(row.result),
  };
}

/** As the fields of its stream entry. */
function encodeResult(result: JobResult): string {
  return JSON.stringify(jobResultEntry.encode(result));
}

function decodeResult(text: unknown): JobResult {
  return jobResultEntry.parse(JSON.parse(String(text)));
}
