// The only way in which the status of a stored game changes: decided by the state table, and written as a
// compare-and-set together with its timeline row and its effects, in the caller's transaction. Jobs and notifications
// go into the same transaction, as rows of the outbox; the caller publishes them after the commit.
import { Refusal } from '../../errors/table.ts';
import type { NewMessage } from '../../outbox/store.ts';
import type { EventPayload } from '../../protocol/event-types.ts';
import type { NotificationType } from '../../protocol/notification-intents.ts';
import type { StopReason } from '../../protocol/runtime-jobs.ts';
import type { Lobby } from '../context.ts';
import type { TransitionActor, Trigger } from '../domain/game.ts';
import { type Effect, transition } from '../domain/state-machine.ts';
import { aboutGame, invitesExpired, resultOf } from '../outbox/intents.ts';
import { notificationIntent, type Occasion, startJob, statusChanged, stopJob } from '../outbox/messages.ts';
import { refuseIf } from '../refusals.ts';
import { cancelPendingApplications } from '../store/applications.ts';
import type { Tx } from '../store/database.ts';
import { type StatusDetails, type StoredGame, saveStatus } from '../store/games.ts';
import { endPendingInvites } from '../store/invites.ts';
import { deleteStatistics } from '../store/member-statistics.ts';
import { assignSeats, playersOf, voidSeats } from '../store/memberships.ts';
import { insertTimelineEntry } from '../store/timeline.ts';
import { takeWaitingEvents } from '../store/waiting-events.ts';
import { evaluateCapabilities } from './evaluate-capabilities.ts';

export type TransitionParts = Pick<Lobby, 'newId' | 'outbox' | 'raceNames' | 'startTimeoutMs'>;

export type TransitionRequest = {
  readonly trigger: Trigger;
  readonly by: TransitionActor;
  /** The user or admin behind `by`. */
  readonly actorId: string | null;
  readonly reason?: string;
  readonly at: Date;
  /** Of the HTTP request or stream entry behind it. */
  readonly traceparent: string | undefined;
  /** A condition on a game in the right status: the problem that it returns is refused. */
  readonly unless?: ((game: StoredGame) => Parameters<typeof refuseIf>[0]) | undefined;
  /** When the Game Master took the game's runtime over, if it did so for this transition. */
  readonly registeredAt?: Date | undefined;
  /** The container that runs the game from now on. */
  readonly container?: { readonly containerId: string; readonly engineEndpoint: string } | undefined;
  /** The container to stop with a start that comes to nothing; it is never bound to the game. */
  readonly unwantedContainerId?: string | undefined;
  /** Until when enrollment lasts from now on. */
  readonly enrollmentEndsAt?: Date | undefined;
};

/**
 * Applies a trigger to a game that the transaction has locked.
 * @returns the game afterwards.
 * @throws Refusal `invalid_state` or `forbidden` when the state table does not have this transition.
 */
export async function applyTransition(
  tx: Tx,
  parts: TransitionParts,
  game: StoredGame,
  request: TransitionRequest,
): Promise<StoredGame> {
  const { trigger, by, actorId, reason, at } = request;
  const decided = transition(game, trigger, by);
  if (!decided.ok) throw new Refusal(decided.code, decided.message, decided.details);
  refuseIf(request.unless?.(game));
  const moved = await saveStatus(tx, game, decided.to, detailsOf(parts, game, decided, request), at);
  const concerned: string[] = [];
  const remarks: string[] = [];
  for (const effect of decided.effects) {
    const carriedOut = await carryOut(tx, parts, effect, moved, request);
    concerned.push(...(carriedOut.concerned ?? []));
    if (carriedOut.remark !== undefined) remarks.push(carriedOut.remark);
  }
  await insertTimelineEntry(tx, {
    entryId: parts.newId(),
    gameId: game.gameId,
    revision: moved.revision,
    at,
    trigger,
    actor: by,
    actorId,
    from: game.status,
    to: decided.to,
    reason: [...(reason === undefined ? [] : [reason]), ...remarks].join('; ') || null,
  });
  await parts.outbox.write(tx, statusChanged(moved, request));
  await notify(tx, parts, moved, request, concerned);
  return moved;
}

function detailsOf(
  { newId, startTimeoutMs }: TransitionParts,
  game: StoredGame,
  { to, effects }: { to: StoredGame['status']; effects: readonly Effect[] },
  { trigger, at, registeredAt, container, enrollmentEndsAt }: TransitionRequest,
): StatusDetails {
  return {
    ...(to === 'enrollment_open' ? { openedAt: game.openedAt ?? at } : {}),
    ...(enrollmentEndsAt === undefined ? {} : { enrollmentEndsAt, underfilledNotifiedAt: null }),
    ...(to === 'running' && game.startedAt === null ? { startedAt: at } : {}),
    ...(to === 'finished' ? { finishedAt: at } : {}),
    startExpiresAt: null,
    ...(effects.includes('start_job')
      ? { runtimeJobId: newId(), startExpiresAt: new Date(at.getTime() + startTimeoutMs) }
      : {}),
    ...(container === undefined ? {} : { ...container, boundAt: at }),
    ...(trigger === 'replace_engine' ? unbound : {}),
    ...(registeredAt === undefined ? {} : { registeredAt }),
  };
}

/** No container runs the game any more. */
const unbound = { containerId: null, engineEndpoint: null, boundAt: null, registeredAt: null } as const;

type CarriedOut = {
  /** Users other than owner and players whom the transition concerns. */
  readonly concerned?: readonly string[];
  /** For the timeline. */
  readonly remark?: string | undefined;
};

async function carryOut(
  tx: Tx,
  { newId, outbox, raceNames, startTimeoutMs }: TransitionParts,
  effect: Effect,
  game: StoredGame,
  request: TransitionRequest,
): Promise<CarriedOut> {
  const { gameId } = game;
  switch (effect) {
    case 'close_pending': {
      const applicants = await cancelPendingApplications(tx, gameId, request.at);
      const invited = await endPendingInvites(tx, { gameId }, 'expired', request.at);
      await outbox.write(tx, invitesExpired(game, invited, request));
      return { concerned: applicants };
    }
    case 'cancel_pending': {
      const applicants = await cancelPendingApplications(tx, gameId, request.at);
      const invited = await endPendingInvites(tx, { gameId }, 'cancelled', request.at);
      return { concerned: [...applicants, ...invited] };
    }
    case 'start_job': {
      await assignSeats(tx, gameId);
      const players = await playersOf(tx, gameId);
      const job = { jobId: startJobOf(game), players, timeoutMs: startTimeoutMs };
      await outbox.write(tx, [startJob(game, job, request)]);
      return {};
    }
    case 'stop_job': {
      const containerId = game.containerId ?? request.unwantedContainerId ?? null;
      const reason = stopReasonOf(request.trigger);
      const job = { jobId: newId(), startJobId: startJobOf(game), gameId, containerId, reason };
      await outbox.write(tx, [stopJob(job, request)]);
      return {};
    }
    case 'release_names':
      await raceNames.releaseGame(tx, gameId);
      return {};
    case 'forget_reports':
      await takeWaitingEvents(tx, gameId);
      await deleteStatistics(tx, gameId);
      return {};
    case 'void_seats':
      await voidSeats(tx, gameId);
      return {};
    case 'evaluate_capabilities':
      return { remark: await evaluateCapabilities(tx, { raceNames, outbox }, game, request) };
  }
}

/** The events whose payload names the trigger. */
type TransitionEvent = {
  [T in NotificationType]: EventPayload<T> extends { trigger: Trigger } ? T : never;
}[NotificationType];

/** `all`: the owner, the players and other users whom the transition concerns. */
const intents: Partial<Record<Trigger, { type: TransitionEvent; to: 'all' | 'owner' }>> = {
  close_enrollment: { type: 'lobby.enrollment.closed', to: 'all' },
  deadline: { type: 'lobby.enrollment.closed', to: 'all' },
  gap: { type: 'lobby.enrollment.closed', to: 'all' },
  runtime_ready: { type: 'lobby.game.started', to: 'all' },
  runtime_unregistered: { type: 'lobby.runtime_paused_after_start', to: 'all' },
  reopen_enrollment: { type: 'lobby.enrollment.reopened', to: 'all' },
  too_few_members: { type: 'lobby.game.start_failed', to: 'owner' },
  runtime_failed: { type: 'lobby.game.start_failed', to: 'owner' },
  start_timeout: { type: 'lobby.game.start_failed', to: 'owner' },
  replace_engine: { type: 'lobby.game.start_failed', to: 'owner' },
  pause: { type: 'lobby.game.paused', to: 'all' },
  resume: { type: 'lobby.game.resumed', to: 'all' },
  game_finished: { type: 'lobby.game.finished', to: 'all' },
  abandoned: { type: 'lobby.game.cancelled', to: 'all' },
  idle_timeout: { type: 'lobby.game.cancelled', to: 'all' },
  cancel: { type: 'lobby.game.cancelled', to: 'all' },
  external_block: { type: 'lobby.game.cancelled', to: 'all' },
};

/** Has the owner, the players and `concerned` notified of the transition. */
async function notify(
  tx: Tx,
  { outbox }: TransitionParts,
  game: StoredGame,
  request: TransitionRequest,
  concerned: readonly string[],
): Promise<void> {
  const { trigger } = request;
  const intent = intents[trigger];
  if (intent === undefined) return;
  const { gameId, ownerUserId, revision, status } = game;
  const owner = ownerUserId === null ? [] : [ownerUserId];
  const players = intent.to === 'owner' ? [] : (await playersOf(tx, gameId)).map(({ userId }) => userId);
  const recipients = [...owner, ...players, ...concerned];
  const about = { gameId, recipients, subject: `${gameId}:${revision}` };
  const payload = { ...aboutGame(game), status, trigger };
  await outbox.write(tx, messageOf(intent.type, game, about, payload, request));
}

function messageOf(
  type: TransitionEvent,
  game: StoredGame,
  about: { gameId: string; recipients: readonly string[]; subject: string },
  payload: EventPayload<'lobby.game.started'>,
  occasion: Occasion,
): NewMessage[] {
  switch (type) {
    case 'lobby.game.finished':
      return notificationIntent(
        { type, ...about, payload: { ...payload, result: resultOf(game) } },
        occasion,
      );
    case 'lobby.enrollment.reopened': {
      const endsAt = game.enrollmentEndsAt.toISOString();
      return notificationIntent(
        { type, ...about, payload: { ...payload, enrollment_ends_at: endsAt } },
        occasion,
      );
    }
    default:
      return notificationIntent({ type, ...about, payload }, occasion);
  }
}

function startJobOf({ gameId, runtimeJobId }: StoredGame): string {
  if (runtimeJobId === null) throw new Error(`Game ${gameId} has no start job.`);
  return runtimeJobId;
}

function stopReasonOf(trigger: Trigger): StopReason {
  switch (trigger) {
    case 'abandoned':
    case 'cancel':
    case 'idle_timeout':
    case 'too_few_members':
      return 'cancelled';
    case 'game_finished':
      return 'finished';
    case 'external_block':
      return 'external_block';
    case 'replace_engine':
      return 'superseded';
    default:
      throw new Error(`${trigger} does not stop a container.`);
  }
}
