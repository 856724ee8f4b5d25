// Publishers of the messages in the Game Master's outbox: each kind goes to a Redis stream. A process that dies between
// adding an entry and recording that adds it again: consumers recognise a report by its `event_id` and an intent by its
// `idempotency_key`.
import type { z } from 'zod';
import type { Publish } from '../../outbox/outbox.ts';
import { gmEventEntry } from '../../protocol/gm-events.ts';
import { notificationIntentEntry } from '../../protocol/notification-intents.ts';
import { fieldsOf } from '../../protocol/stream-fields.ts';
import type { RedisCommands } from '../../redis/commands.ts';
import type { GameMasterConfig } from '../config.ts';

export function gameMasterPublishers(
  redis: RedisCommands,
  streams: Pick<GameMasterConfig['streams'], 'gmEvents' | 'notificationIntents'>,
): Record<string, Publish> {
  const to =
    (stream: string, entry: z.ZodObject): Publish =>
    async ({ payload, traceparent }) => {
      await redis.call('XADD', stream, '*', ...fieldsOf(entry, payload), 'traceparent', traceparent ?? '');
    };
  return {
    report: to(streams.gmEvents, gmEventEntry),
    notification_intent: to(streams.notificationIntents, notificationIntentEntry),
  };
}
