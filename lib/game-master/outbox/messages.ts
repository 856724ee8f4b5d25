// The messages in the Game Master's outbox: reports to the lobby, and notification intents. Their ordering key is the
// game's id, and they are written under the game's lock, so those about one game are published in the order of the
// decisions. The payloads follow the stream entries of lib/protocol; orders are in none of them.
import { v5 as uuidv5 } from 'uuid';
import type { EngineEvent } from '../../engine/api.ts';
import type { NewMessage } from '../../outbox/store.ts';
import type { EventPayload } from '../../protocol/event-types.ts';
import type { GmEvent } from '../../protocol/gm-events.ts';
import type { NotificationIntent, NotificationType } from '../../protocol/notification-intents.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import { latestClosing } from '../../time/turn-clock.ts';
import { awaitedSeats, isHeld, readySeats } from '../domain/seats.ts';
import type { StoredGame } from '../store/games.ts';
import type { OrdersGiven } from '../store/orders.ts';
import type { StoredSeat } from '../store/seats.ts';

/** When a message is decided, and `traceparent` of the request that decides it. */
export type Occasion = { readonly at: Date; readonly traceparent: string | undefined };

/** How a game stands. `reportSeq` of the game is that of this report. */
export function report(
  game: StoredGame,
  { seats, given }: { readonly seats: readonly StoredSeat[]; readonly given: readonly OrdersGiven[] },
  occasion: Occasion,
): NewMessage {
  const finished = game.result !== null;
  const awaited = game.phase === 'open' || game.phase === 'closed' ? awaitedSeats(game.awaiting, seats) : [];
  const due = game.phase === 'over' ? null : game.dueAt;
  const userOf = new Map(seats.map(({ seat, userId }) => [seat, userId]));
  const payload: GmEvent = {
    event_id: uuidv5(`report/${game.reportSeq}`, game.runtimeJobId),
    event_type: finished ? 'game_finished' : 'runtime_snapshot_update',
    game_id: game.gameId,
    runtime_job_id: game.runtimeJobId,
    report_seq: game.reportSeq,
    turn: game.playedTurn,
    runtime_status: finished ? 'finished' : 'running',
    engine_health: game.engineHealth,
    player_stats: game.stats.flatMap(({ seat, planets, population, ships_built }) => {
      const userId = userOf.get(seat) ?? null;
      return userId === null ? [] : [{ user_id: userId, planets, population, ships_built }];
    }),
    ...(due === null ? {} : { due_at_ms: due.getTime(), closes_at_ms: latestClosing(game, due).getTime() }),
    awaited_seats: awaited,
    ready_seats: readySeats(awaited, given),
    ...(game.result === null ? {} : { result: game.result }),
    occurred_at_ms: occasion.at.getTime(),
  };
  return message('report', game, payload, occasion);
}

/**
 * To owner and players: turn `playedTurn` was played. Those whom the next turn waits for get one of their own; nobody
 * gets both.
 */
export function turnAdvanced(
  game: StoredGame,
  seats: readonly StoredSeat[],
  occasion: Occasion,
): NewMessage[] {
  const { gameId, gameName, ownerUserId, runtimeJobId, playedTurn } = game;
  const awaited = new Set(awaitedSeats(game.awaiting, seats));
  const usersOf = (some: readonly StoredSeat[]) => some.flatMap(({ userId }) => userId ?? []);
  const held = seats.filter(isHeld);
  const waitedFor = new Set(usersOf(held.filter(({ seat }) => awaited.has(seat))));
  const concerned = new Set([...usersOf(held), ...(ownerUserId === null ? [] : [ownerUserId])]);
  const others = [...concerned].filter((userId) => !waitedFor.has(userId));
  return [true, false].flatMap((isAwaited) =>
    intent(
      game,
      {
        notification_type: 'lobby.game.turn_advanced',
        recipient_user_ids: isAwaited ? [...waitedFor] : others,
        idempotency_key: `lobby.game.turn_advanced:${gameId}:${runtimeJobId}:${playedTurn}`,
        payload: {
          game_id: gameId,
          game_name: gameName,
          turn: playedTurn,
          due_at: game.dueAt?.toISOString() ?? null,
          awaited: isAwaited,
        },
      },
      occasion,
    ),
  );
}

/** To players who have given no orders for the open turn, which is due soon. */
export function dueSoon(game: StoredGame, userIds: readonly string[], occasion: Occasion): NewMessage[] {
  const due = game.dueAt?.getTime();
  return intent(game, reminder(game, 'game.turn.due_soon', userIds, `${due}`), occasion);
}

/** To the holder of the last seat that the open turn waits for. */
export function waitingForYou(
  game: StoredGame,
  { seat, userId }: Pick<StoredSeat, 'seat' | 'userId'>,
  occasion: Occasion,
): NewMessage[] {
  const userIds = userId === null ? [] : [userId];
  return intent(game, reminder(game, 'game.turn.waiting_for_you', userIds, `${seat}`), occasion);
}

type Reminder = 'game.turn.due_soon' | 'game.turn.waiting_for_you';

/** @param once what makes it another one within the turn. */
function reminder(
  { gameId, gameName, runtimeJobId, playedTurn, dueAt }: StoredGame,
  type: Reminder,
  userIds: readonly string[],
  once: string,
): Notice<Reminder> {
  const turn = playedTurn + 1;
  return {
    notification_type: type,
    recipient_user_ids: [...userIds],
    idempotency_key: `${type}:${gameId}:${runtimeJobId}:${turn}:${once}`,
    payload: { game_id: gameId, game_name: gameName, turn, due_at: dueAt?.toISOString() ?? null },
  };
}

/** To the owner: the engine has failed for a while. Once for a turn and kind of trouble. */
export function engineFailing(game: StoredGame, occasion: Occasion): NewMessage[] {
  const { gameId, gameName, ownerUserId, runtimeJobId, playedTurn, engineHealth } = game;
  const turn = playedTurn + 1;
  return intent(
    game,
    {
      notification_type: 'game.engine.failing',
      recipient_user_ids: ownerUserId === null ? [] : [ownerUserId],
      idempotency_key: `game.engine.failing:${gameId}:${runtimeJobId}:${turn}:${engineHealth}`,
      payload: { game_id: gameId, game_name: gameName, turn, engine_health: engineHealth },
    },
    occasion,
  );
}

/** The engine's own events of the turn that was played, to those who hold their seats. */
export function engineEvents(
  game: StoredGame,
  seats: readonly StoredSeat[],
  events: readonly EngineEvent[],
  occasion: Occasion,
): NewMessage[] {
  const { gameId, runtimeJobId, playedTurn } = game;
  const holderOf = new Map(seats.filter(isHeld).map(({ seat, userId }) => [seat, userId]));
  return events.flatMap(({ to, type, payload }, index) =>
    intent(
      game,
      {
        notification_type: 'game.engine.event',
        recipient_user_ids: [...new Set(to.flatMap((seat) => holderOf.get(seat) ?? []))],
        idempotency_key: `game.engine.event:${gameId}:${runtimeJobId}:${playedTurn}:${index}`,
        payload: { game_id: gameId, turn: playedTurn, type, payload },
      },
      occasion,
    ),
  );
}

type Notice<T extends NotificationType> = Omit<NotificationIntent, 'producer' | 'occurred_at_ms'> & {
  readonly notification_type: T;
  readonly payload: EventPayload<T>;
};

function intent<T extends NotificationType>(
  game: StoredGame,
  notice: Notice<T>,
  occasion: Occasion,
): NewMessage[] {
  if (notice.recipient_user_ids.length === 0) return [];
  const payload: NotificationIntent = {
    ...notice,
    producer: 'game_master',
    occurred_at_ms: occasion.at.getTime(),
  };
  return [message('notification_intent', game, payload, occasion)];
}

function message(
  kind: 'report' | 'notification_intent',
  { gameId }: Pick<StoredGame, 'gameId'>,
  payload: NewMessage['payload'],
  { traceparent }: Occasion,
): NewMessage {
  return { kind, orderingKey: gameId, payload, traceparent: keptTraceparent(traceparent) };
}
