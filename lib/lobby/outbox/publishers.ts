// Who publishes the messages of the lobby's outbox: each kind goes to a Redis stream of its own. A process that dies
// between adding an entry and noting it down adds it again: consumers know a job by its `job_id` and an intent by its
// `idempotency_key`.
import type { z } from 'zod';
import type { Publish } from '../../outbox/outbox.ts';
import type { Redis } from '../../redis/client.ts';
import type { LobbyConfig } from '../config.ts';
import { notificationIntentPayload, startJobPayload, stopJobPayload } from './messages.ts';

export function lobbyPublishers(
  redis: Redis,
  streams: Pick<LobbyConfig['streams'], 'startJobs' | 'stopJobs' | 'notificationIntents'>,
): Record<string, Publish> {
  const to =
    (stream: string, schema: z.ZodObject): Publish =>
    async ({ payload, traceparent }) => {
      const fields = Object.entries(schema.parse(payload)).flatMap(([name, value]) => [name, asText(value)]);
      await redis.xadd(stream, '*', ...fields, 'traceparent', traceparent ?? '');
    };
  return {
    start_job: to(streams.startJobs, startJobPayload),
    stop_job: to(streams.stopJobs, stopJobPayload),
    notification_intent: to(streams.notificationIntents, notificationIntentPayload),
  };
}

/** Fields of a stream entry are flat text; what has structure is JSON. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
