// The messages in the lobby's outbox: jobs for the Runtime Manager, changes of games for the Game Master, notification
// intents, and dead letters that are retried. Except for dead letters the ordering key is the game's id, and messages are written under the game's lock,
// so those about one game are published in the order of the decisions. The payloads follow the stream entries of
// lib/protocol.
import { z } from 'zod';
import type { NewMessage } from '../../outbox/store.ts';
import type { EventPayload } from '../../protocol/event-types.ts';
import { type GameChange, runningStatuses } from '../../protocol/game-changes.ts';
import type {
  NotificationIntent as IntentEntry,
  NotificationType,
} from '../../protocol/notification-intents.ts';
import type { StartJob, StopJob, StopReason } from '../../protocol/runtime-jobs.ts';
import type { DeadLetter } from '../../streams/store.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import type { Game, Membership } from '../domain/game.ts';

/** A user who plays in a game, and as whom; without a seat before the game starts. */
export type Player = { readonly userId: string; readonly raceName: string; readonly seat: number | null };

/** When a message is decided, and `traceparent` of the request that decides it. */
export type Occasion = { readonly at: Date; readonly traceparent: string | undefined };

/** Asks for a container that runs the game. @param job `timeoutMs` is how long the job is worth doing. */
export function startJob(
  game: Pick<
    Game,
    'gameId' | 'engineFamily' | 'targetEngineVersion' | 'turnSchedule' | 'timeZone' | 'turnSeconds'
  >,
  job: { jobId: string; players: readonly Player[]; timeoutMs: number },
  occasion: Occasion,
): NewMessage {
  const requestedAtMs = occasion.at.getTime();
  const payload: StartJob = {
    job_id: job.jobId,
    game_id: game.gameId,
    engine_family: game.engineFamily,
    engine_version: game.targetEngineVersion,
    ...(game.turnSchedule === null ? {} : { turn_schedule: game.turnSchedule }),
    time_zone: game.timeZone,
    ...(game.turnSeconds === null ? {} : { turn_seconds: game.turnSeconds }),
    players: job.players.map(({ userId, raceName }) => ({ user_id: userId, race_name: raceName })),
    requested_at_ms: requestedAtMs,
    expires_at_ms: requestedAtMs + job.timeoutMs,
  };
  return message('start_job', game.gameId, payload, occasion);
}

/** Asks for the container that a start job has started, or is about to start, to be stopped. */
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
  const payload: StopJob = {
    job_id: job.jobId,
    start_job_id: job.startJobId,
    game_id: job.gameId,
    ...(job.containerId === null ? {} : { container_id: job.containerId }),
    reason: job.reason,
    requested_at_ms: occasion.at.getTime(),
  };
  return message('stop_job', job.gameId, payload, occasion);
}

/** A game that the Game Master may know. */
type GameWithRuntime = Pick<Game, 'gameId' | 'runtimeJobId' | 'containerId' | 'status' | 'revision'>;

/**
 * Tells the Game Master of the status that a game has now. A game may be cancelled between the Game Master's taking it
 * over and the lobby's writing that down, so that is told without a container, too.
 * @returns no message when the Game Master cannot know the game.
 */
export function statusChanged(game: GameWithRuntime, occasion: Occasion): NewMessage[] {
  const { gameId, runtimeJobId, containerId, revision } = game;
  const status = runningStatuses.find((one) => one === game.status);
  if (runtimeJobId === null || status === undefined) return [];
  if (containerId === null && status !== 'cancelled') return [];
  const change = { change_id: `${gameId}:${revision}`, kind: 'status', status } as const;
  return [gameChange(game, runtimeJobId, change, occasion)];
}

/** Tells the Game Master that the holder of a seat has gone. @returns no message unless the game has a runtime. */
export function seatVacated(
  game: GameWithRuntime,
  { membershipId, seat }: Pick<Membership, 'membershipId' | 'seat'>,
  occasion: Occasion,
): NewMessage[] {
  if (game.runtimeJobId === null || seat === null) return [];
  const change = { change_id: membershipId, kind: 'seat_vacated', seat } as const;
  return [gameChange(game, game.runtimeJobId, change, occasion)];
}

function gameChange(
  { gameId, revision }: GameWithRuntime,
  runtimeJobId: string,
  change: Pick<GameChange, 'change_id' | 'kind' | 'status' | 'seat'>,
  occasion: Occasion,
): NewMessage {
  const payload: GameChange = {
    ...change,
    game_id: gameId,
    runtime_job_id: runtimeJobId,
    revision,
    occurred_at_ms: occasion.at.getTime(),
  };
  return message('game_change', gameId, payload, occasion);
}

export type NotificationIntent<T extends NotificationType> = {
  /** Such as `lobby.game.paused`. */
  readonly type: T;
  readonly gameId: string;
  readonly recipients: readonly string[];
  /** Identifies this occurrence among all of its type: an id, with a revision where the id has several. */
  readonly subject: string;
  readonly payload: EventPayload<T>;
};

/** Asks for users to be notified. @returns no message when there are no recipients. */
export function notificationIntent<T extends NotificationType>(
  intent: NotificationIntent<T>,
  occasion: Occasion,
): NewMessage[] {
  const recipients = [...new Set(intent.recipients)];
  if (recipients.length === 0) return [];
  const payload: IntentEntry = {
    notification_type: intent.type,
    producer: 'lobby',
    recipient_user_ids: recipients,
    idempotency_key: `${intent.type}:${intent.subject}`,
    payload: intent.payload,
    occurred_at_ms: occasion.at.getTime(),
  };
  return [message('notification_intent', intent.gameId, payload, occasion)];
}

export const streamEntryPayload = z.object({
  consumer: z.string(),
  fields: z.record(z.string(), z.string()),
});

/** Puts a dead letter back into the stream that it came from. Its own trace context is among its fields. */
export function streamEntry(
  consumer: string,
  { deadLetterId, fields }: Pick<DeadLetter, 'deadLetterId' | 'fields'>,
): NewMessage {
  const payload: z.infer<typeof streamEntryPayload> = { consumer, fields };
  return { kind: 'stream_entry', orderingKey: deadLetterId, payload, traceparent: undefined };
}

function message(
  kind: 'start_job' | 'stop_job' | 'game_change' | 'notification_intent',
  orderingKey: string,
  payload: NewMessage['payload'],
  { traceparent }: Occasion,
): NewMessage {
  return { kind, orderingKey, payload, traceparent: keptTraceparent(traceparent) };
}
