// Probes the Game Master, and hands games over to it. Anything but a usable response in time is a failure, as with the
// User Service; the caller decides what follows. A 4xx to a registration is the Game Master's word on the game, unless
// it is about the token or the load: the same request would get it again.
import { Refusal } from '../../errors/table.ts';
import { askService, refuseUnlessOk } from '../../http/ask-service.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { TurnClock } from '../../time/turn-clock.ts';
import type { Game } from '../domain/game.ts';
import type { Container } from '../domain/runtime-reports.ts';
import type { Player } from '../outbox/messages.ts';
import type { RequestContext } from '../request-context.ts';

/** Bodies are not used. */
const maxBytes = 65_536;

/** A container that runs a game, and what the Game Master needs to play it. */
export type Runtime = Container &
  Pick<Game, 'gameId' | keyof TurnClock | 'early' | 'spectators' | 'options' | 'gameName' | 'ownerUserId'> & {
    readonly runtimeJobId: string;
    readonly players: readonly Player[];
  };

export type GameMaster = {
  /**
   * Resolves when the Game Master is alive.
   * @throws Refusal `service_unavailable` (503) when it cannot be reached, is too slow, or does not
   *   respond with 2xx.
   */
  probe(context: RequestContext): Promise<void>;
  /**
   * Hands a game over to it; again with the same runtime does no harm.
   * @throws Refusal as `probe`; `invalid_state` (409) when it responds, and does not want the game.
   */
  register(runtime: Runtime, context: RequestContext): Promise<void>;
};

/**
 * A client of `GET {baseUrl}/api/v1/internal/healthz` and
 * `POST {baseUrl}/api/v1/internal/games/{game_id}/register-runtime`.
 */
export function createGameMaster(options: {
  baseUrl: string;
  token?: string | undefined;
  /** Bound on the whole of one exchange, body included. */
  timeoutMs: number;
  log: Logger;
}): GameMaster {
  /** @returns the status, where it is a 2xx or `isWanted`. */
  const call = async (
    method: 'GET' | 'POST',
    path: string,
    { requestId, traceparent }: RequestContext,
    { body, isWanted = () => false }: { body?: unknown; isWanted?: (status: number) => boolean } = {},
  ): Promise<number> => {
    try {
      const { token, timeoutMs } = options;
      const response = await askService(`${options.baseUrl}/api/v1/internal${path}`, {
        method,
        token,
        headers: { 'x-request-id': requestId },
        body,
        traceparent,
        timeoutMs,
        maxBytes,
      });
      if (!isWanted(response.status)) {
        refuseUnlessOk(response, { ours: 'LOBBY_GM_TOKEN', theirs: 'GM_HTTP_CALLERS' });
      }
      return response.status;
    } catch (error) {
      options.log.warn({ error, request_id: requestId, method, path }, 'a request to the game master failed');
      throw new Refusal(
        'service_unavailable',
        'The Game Master does not respond right now; nothing was changed. Try again later.',
      );
    }
  };

  return {
    async probe(context) {
      await call('GET', '/healthz', context);
    },
    async register(runtime, context) {
      const path = `/games/${encodeURIComponent(runtime.gameId)}/register-runtime`;
      const status = await call('POST', path, context, { body: toBody(runtime), isWanted: isRefusal });
      if (!isRefusal(status)) return;
      options.log.warn({ game_id: runtime.gameId, status }, 'the game master refuses a game');
      throw new Refusal(
        'invalid_state',
        `The Game Master refuses the game (status ${status}); nothing was changed. Cancel the game, or ask an operator.`,
        { game_master_status: status },
      );
    },
  };
}

/** The same request would be refused again; a wrong token and a full house are outages. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);
}

function toBody(runtime: Runtime) {
  return {
    runtime_job_id: runtime.runtimeJobId,
    container_id: runtime.containerId,
    engine_endpoint: runtime.engineEndpoint,
    turn_schedule: runtime.turnSchedule,
    time_zone: runtime.timeZone,
    players: runtime.players.map(({ userId, raceName, seat }) => ({
      user_id: userId,
      race_name: raceName,
      ...(seat === null ? {} : { seat }),
    })),
    turn_seconds: runtime.turnSeconds,
    min_turn_seconds: runtime.minTurnSeconds,
    quiet_days: runtime.quietDays,
    grace_seconds: runtime.graceSeconds,
    early: runtime.early,
    spectators: runtime.spectators,
    options: runtime.options,
    game_name: runtime.gameName,
    owner_user_id: runtime.ownerUserId,
  };
}
