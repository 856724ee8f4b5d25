// What the Game Master asks the Runtime Manager about engines, for operators: a Redis stream of requests, and a key with
// the reply to each; docs/runtime-manager.md describes them.
import { z } from 'zod';
import { integerText } from './stream-fields.ts';

export const maxLogTailBytes = 65_536;

/** `runtime:engine_requests`. A request that has expired is not handled: nobody waits for the reply any more. */
export const engineRequestEntry = z.object({
  request_id: z.guid(),
  kind: z.enum(['list', 'log_tail', 'restart']),
  /** Names the engine; missing with `list`. */
  start_job_id: z.guid().optional(),
  /** With `log_tail`. */
  max_bytes: integerText.optional(),
  expires_at_ms: integerText,
});
export type EngineRequest = z.output<typeof engineRequestEntry>;

export const engineStateSchema = z.object({
  start_job_id: z.guid(),
  game_id: z.guid(),
  engine_family: z.string().nullable(),
  engine_version: z.string(),
  /** `ended`: it is started again in a moment. */
  state: z.enum(['starting', 'running', 'ended']),
  memory_bytes: z.int().nonnegative().nullable(),
  /** How often in a row it has ended by itself. */
  ended_times: z.int().nonnegative(),
});
export type EngineState = z.output<typeof engineStateSchema>;

export const engineReplySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('engines'), engines: z.array(engineStateSchema) }),
  z.object({ kind: z.literal('log'), text: z.string(), cut: z.boolean() }),
  z.object({ kind: z.literal('restarting') }),
  z.object({ kind: z.literal('unknown') }),
  z.object({ kind: z.literal('failed') }),
]);
export type EngineReply = z.output<typeof engineReplySchema>;

/** How long a reply is kept for the one who asked. */
export const replyKeptMs = 30_000;

export function replyKeyOf(stream: string, requestId: string): string {
  return `${stream}:replies:${requestId}`;
}
