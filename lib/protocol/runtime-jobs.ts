// The streams between the lobby and the Runtime Manager; docs/lobby.md lists the fields.
import { z } from 'zod';
import { integerText, jsonText } from './stream-fields.ts';

/** `runtime:start_jobs`: asks for a container that runs a game. Identified by `job_id`. */
export const startJobEntry = z.object({
  job_id: z.guid(),
  game_id: z.guid(),
  /** Missing in the jobs of lobbies that knew one family only. */
  engine_family: z.string().optional(),
  engine_version: z.string(),
  /** A game has this or `turn_seconds`. */
  turn_schedule: z.string().optional(),
  time_zone: z.string(),
  turn_seconds: integerText.optional(),
  players: jsonText(z.array(z.object({ user_id: z.guid(), race_name: z.string() }))),
  requested_at_ms: integerText,
  /** From this time on the job must not start. */
  expires_at_ms: integerText,
});
export type StartJob = z.output<typeof startJobEntry>;

/** `superseded`: the result of the start came too late. */
export const stopReasons = ['cancelled', 'finished', 'external_block', 'superseded'] as const;
export type StopReason = (typeof stopReasons)[number];

/**
 * `runtime:stop_jobs`: asks to stop the container that a start job has started or will start. Identified by `job_id`.
 */
export const stopJobEntry = z.object({
  job_id: z.guid(),
  start_job_id: z.guid(),
  game_id: z.guid(),
  container_id: z.string().optional(),
  reason: z.enum(stopReasons),
  requested_at_ms: integerText,
});
export type StopJob = z.output<typeof stopJobEntry>;

/** `runtime:job_results`: the result of a job. May be delivered more than once, with the same content. */
export const jobResultEntry = z.object({
  job_id: z.guid(),
  game_id: z.guid(),
  kind: z.enum(['start', 'stop']),
  outcome: z.enum(['success', 'failure']),
  /** With the success of a start. */
  container_id: z.string().max(256).optional(),
  /** Base URL of the engine; with the success of a start. */
  engine_endpoint: z.string().max(2_048).optional(),
  /** With a failure. */
  error_code: z.string().max(64).optional(),
  error_message: z.string().max(2_048).optional(),
  finished_at_ms: integerText,
});
export type JobResult = z.output<typeof jobResultEntry>;
