// What the lobby writes into its outbox: jobs for the Runtime Manager and intents for notifications. The ordering key
// is the game's id, so that whatever is told of a game is told in the order in which it was decided; whoever writes
// holds the game's lock. The payloads are the fields of the stream entries that docs/lobby.md lists.
import { z } from 'zod';
import type { NewMessage } from '../../outbox/store.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import type { Game } from '../domain/game.ts';

/** A user who plays in a game, and as whom. */
export type Player = { readonly userId: string; readonly raceName: string };

/** When a message is decided, and `traceparent` of the request that decides it. */
export type Occasion = { readonly at: Date; readonly traceparent: string | undefined };

export const startJobPayload = z.object({
  job_id: z.uuid(),
  game_id: z.uuid(),
  engine_version: z.string(),
  turn_schedule: z.string(),
  time_zone: z.string(),
  players: z.array(z.object({ user_id: z.uuid(), race_name: z.string() })),
  requested_at_ms: z.int(),
  expires_at_ms: z.int(),
});

/** Asks for a container that runs the game. @param job `timeoutMs` is how long the job is worth doing. */
export function startJob(
  game: Pick<Game, 'gameId' | 'targetEngineVersion' | 'turnSchedule' | 'timeZone'>,
  job: { jobId: string; players: readonly Player[]; timeoutMs: number },
  occasion: Occasion,
): NewMessage {
  const requestedAtMs = occasion.at.getTime();
  const payload: z.infer<typeof startJobPayload> = {
    job_id: job.jobId,
    game_id: game.gameId,
    engine_version: game.targetEngineVersion,
    turn_schedule: game.turnSchedule,
    time_zone: game.timeZone,
    players: job.players.map(({ userId, raceName }) => ({ user_id: userId, race_name: raceName })),
    requested_at_ms: requestedAtMs,
    expires_at_ms: requestedAtMs + job.timeoutMs,
  };
  return message('start_job', game.gameId, payload, occasion);
}

export const stopReasons = ['cancelled', 'finished', 'external_block'] as const;
export type StopReason = (typeof stopReasons)[number];

export const stopJobPayload = z.object({
  job_id: z.uuid(),
  start_job_id: z.uuid(),
  game_id: z.uuid(),
  container_id: z.string().optional(),
  reason: z.enum(stopReasons),
  requested_at_ms: z.int(),
});

/** Asks that what a start job has started, or is about to start, be stopped. */
export function stopJob(
  job: {
    jobId: string;
    startJobId: string;
    gameId: string;
    containerId: string | null;
    reason: StopReason;
  },
  occasion: Occasion,
): NewMessage {
  const payload: z.infer<typeof stopJobPayload> = {
    job_id: job.jobId,
    start_job_id: job.startJobId,
    game_id: job.gameId,
    ...(job.containerId === null ? {} : { container_id: job.containerId }),
    reason: job.reason,
    requested_at_ms: occasion.at.getTime(),
  };
  return message('stop_job', job.gameId, payload, occasion);
}

export const notificationIntentPayload = z.object({
  notification_type: z.string().startsWith('lobby.'),
  producer: z.literal('lobby'),
  recipient_user_ids: z.array(z.uuid()).min(1),
  idempotency_key: z.string(),
  payload: z.record(z.string(), z.unknown()),
  occurred_at_ms: z.int(),
});

export type NotificationIntent = {
  /** Such as `lobby.game.paused`. */
  readonly type: `lobby.${string}`;
  readonly gameId: string;
  readonly recipients: readonly string[];
  /** Tells this occurrence from all others of its type: an id, with a revision where the id has several. */
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** Asks that users be told of something. @returns nothing to write when it concerns nobody. */
export function notificationIntent(intent: NotificationIntent, occasion: Occasion): NewMessage[] {
  const recipients = [...new Set(intent.recipients)];
  if (recipients.length === 0) return [];
  const payload: z.infer<typeof notificationIntentPayload> = {
    notification_type: intent.type,
    producer: 'lobby',
    recipient_user_ids: recipients,
    idempotency_key: `${intent.type}:${intent.subject}`,
    payload: intent.payload,
    occurred_at_ms: occasion.at.getTime(),
  };
  return [message('notification_intent', intent.gameId, payload, occasion)];
}

function message(
  kind: 'start_job' | 'stop_job' | 'notification_intent',
  orderingKey: string,
  payload: NewMessage['payload'],
  { traceparent }: Occasion,
): NewMessage {
  return { kind, orderingKey, payload, traceparent: keptTraceparent(traceparent) };
}
