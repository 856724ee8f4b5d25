// Reads from the lobby's internal listener. The lobby owns games and members: it is asked before each decision that
// depends on them, and while it cannot be asked nothing is decided.
import { z } from 'zod';
import { maxSeats } from '../../engine/api.ts';
import { askService, refuseUnlessOk } from '../../http/ask-service.ts';
import { isQuietDays } from '../../time/quiet-days.ts';
import { earlyModes } from '../domain/game.ts';

/** What the turn worker goes by. */
export type Standing = z.infer<typeof standingResponse>;

/** What one user may do with one game. */
export type Access = z.infer<typeof accessResponse>;

/** A game in a list: whether it has a runtime, and which. */
export type ListedGame = { readonly gameId: string; readonly runtimeJobId: string | null };

export type LobbyClient = {
  /** @returns undefined when the lobby knows no such game. @throws Error when it cannot be asked. */
  standing(gameId: string): Promise<Standing | undefined>;
  /** @returns undefined when the lobby knows no such game. @throws Error when it cannot be asked. */
  access(gameId: string, userId: string, traceparent?: string): Promise<Access | undefined>;
  /** All games with a status, page by page. @throws Error when the lobby cannot be asked. */
  games(status: 'running' | 'paused'): AsyncIterable<ListedGame>;
};

const pageSize = 200;
/** A page of games has 3 MiB at most: descriptions of 2,000 characters, in whatever script. */
const maxBytes = 8 * 1024 * 1024;

const id = z.guid().toLowerCase();
const seat = z.int().min(1).max(maxSeats);

const standingResponse = z
  .object({
    game_id: id,
    status: z.string(),
    revision: z.int(),
    runtime_job_id: id.nullable(),
    container_id: z.string().nullable(),
    engine_endpoint: z.string().nullable(),
    registered_at: z.iso.datetime().nullable(),
    game_name: z.string(),
    owner_user_id: id.nullable(),
    turn_schedule: z.string().nullable(),
    time_zone: z.string(),
    turn_seconds: z.int().positive().nullable(),
    // Older lobbies do not say.
    min_turn_seconds: z.int().positive().nullable().default(null),
    quiet_days: z.custom<readonly number[]>(isQuietDays).default([]),
    grace_seconds: z.int().min(0).default(0),
    early: z.enum(earlyModes),
    spectators: z.boolean(),
    options: z.record(z.string(), z.unknown()),
    /** Older lobbies do not say. */
    engine_family: z.string().optional(),
    target_engine_version: z.string().optional(),
    current_turn: z.int().nullable(),
    /** Older lobbies do not say. */
    report_seq: z.int().min(0).nullish(),
    /** Of active members only. */
    seats: z
      .array(
        z
          .object({ seat, user_id: id, race_name: z.string() })
          .transform((one) => ({ seat: one.seat, userId: one.user_id, raceName: one.race_name })),
      )
      .max(maxSeats),
  })
  .transform((game) => ({
    gameId: game.game_id,
    status: game.status,
    revision: game.revision,
    runtimeJobId: game.runtime_job_id,
    containerId: game.container_id,
    engineEndpoint: game.engine_endpoint,
    registeredAt: game.registered_at === null ? null : new Date(game.registered_at),
    gameName: game.game_name,
    ownerUserId: game.owner_user_id,
    turnSchedule: game.turn_schedule,
    timeZone: game.time_zone,
    turnSeconds: game.turn_seconds,
    minTurnSeconds: game.min_turn_seconds,
    quietDays: game.quiet_days,
    graceSeconds: game.grace_seconds,
    early: game.early,
    spectators: game.spectators,
    options: game.options,
    /** undefined for lobbies that knew one family only. */
    engineFamily: game.engine_family,
    engineVersion: game.target_engine_version,
    /** The last turn that the lobby knows of; null before it heard of any. */
    currentTurn: game.current_turn,
    /** Of the last report that the lobby went by; 0 before any. */
    reportSeq: game.report_seq ?? 0,
    seats: game.seats,
  }))
  .readonly();

const accessResponse = z
  .object({
    game_id: id,
    status: z.string(),
    runtime_job_id: id.nullable(),
    visible: z.boolean(),
    seat: seat.nullable(),
    member: z.boolean(),
    owner: z.boolean(),
    spectators: z.boolean(),
  })
  .transform((access) => ({
    gameId: access.game_id,
    status: access.status,
    runtimeJobId: access.runtime_job_id,
    /** Whether the lobby shows the game to the user. */
    visible: access.visible,
    /** null unless the user is an active member. */
    seat: access.seat,
    member: access.member,
    owner: access.owner,
    spectators: access.spectators,
  }))
  .readonly();

const gamesResponse = z.object({
  items: z.array(
    z
      .object({ game_id: id, runtime_job_id: id.nullable() })
      .transform((game): ListedGame => ({ gameId: game.game_id, runtimeJobId: game.runtime_job_id })),
  ),
  next_page_token: z.string().optional(),
});

export function createLobbyClient(options: {
  baseUrl: string;
  token?: string | undefined;
  /** Bound on one exchange, body included. */
  timeoutMs: number;
  /** Sends a request, as `askService` does, which it is unless given. */
  send?: typeof askService;
}): LobbyClient {
  const { token, timeoutMs, send = askService } = options;
  /** @returns undefined when there is no such thing. */
  const ask = async <T>(schema: z.ZodType<T>, path: string, traceparent?: string): Promise<T | undefined> => {
    try {
      const url = `${options.baseUrl}/api/v1/internal${path}`;
      const response = await send(url, { method: 'GET', token, timeoutMs, maxBytes, traceparent });
      if (response.status === 404) return undefined;
      refuseUnlessOk(response, { ours: 'GM_LOBBY_TOKEN', theirs: 'LOBBY_INTERNAL_HTTP_CALLERS' });
      return schema.parse(JSON.parse(response.text));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`the lobby cannot be asked: ${why}`, { cause: error });
    }
  };

  return {
    standing: (gameId) => ask(standingResponse, `/games/${gameId}/standing`),
    access: (gameId, userId, traceparent) =>
      ask(accessResponse, `/games/${gameId}/access?user_id=${userId}`, traceparent),
    async *games(status) {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const next: string = after === '' ? '' : `&page_token=${encodeURIComponent(after)}`;
        const page: z.infer<typeof gamesResponse> | undefined = await ask(
          gamesResponse,
          `/games?status=${status}&page_size=${pageSize}${next}`,
        );
        if (page === undefined) throw new Error('the lobby cannot be asked: it lists no games');
        yield* page.items;
        after = page.next_page_token;
      }
    },
  };
}
