// Publishers of the messages in the lobby's outbox: each kind goes to a Redis stream of its own. A process that dies
// between adding an entry and recording that adds it again: consumers recognise a job by its `job_id`, a change by its
// `change_id` and an intent by its `idempotency_key`.
import type { z } from 'zod';
import type { Publish } from '../../outbox/outbox.ts';
import { gameChangeEntry } from '../../protocol/game-changes.ts';
import { notificationIntentEntry } from '../../protocol/notification-intents.ts';
import { startJobEntry, stopJobEntry } from '../../protocol/runtime-jobs.ts';
import { fieldsOf } from '../../protocol/stream-fields.ts';
import type { RedisCommands } from '../../redis/commands.ts';
import type { ConsumerStream } from '../../streams/offset.ts';
import type { LobbyConfig } from '../config.ts';
import { streamEntryPayload } from './messages.ts';

export function lobbyPublishers(
  redis: RedisCommands,
  streams: Pick<LobbyConfig['streams'], 'startJobs' | 'stopJobs' | 'gameChanges' | 'notificationIntents'>,
  consumers: readonly ConsumerStream[],
): Record<string, Publish> {
  const to =
    (stream: string, entry: z.ZodObject): Publish =>
    async ({ payload, traceparent }) => {
      await redis.call('XADD', stream, '*', ...fieldsOf(entry, payload), 'traceparent', traceparent ?? '');
    };
  return {
    start_job: to(streams.startJobs, startJobEntry),
    stop_job: to(streams.stopJobs, stopJobEntry),
    game_change: to(streams.gameChanges, gameChangeEntry),
    notification_intent: to(streams.notificationIntents, notificationIntentEntry),
    stream_entry: async ({ payload }) => {
      const { consumer, fields } = streamEntryPayload.parse(payload);
      const target = consumers.find(({ name }) => name === consumer);
      if (target === undefined) throw new TypeError(`there is no consumer ${consumer}`);
      await redis.call('XADD', target.stream, '*', ...Object.entries(fields).flat());
    },
  };
}
