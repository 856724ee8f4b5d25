import { createRoute, z } from '@hono/zod-openapi';
import { engineBounds, maxSeats } from '../../lib/engine/api.ts';
import type { GameMaster } from '../../lib/game-master/context.ts';
import { earlyModes } from '../../lib/game-master/domain/game.ts';
import { earlyUnlessSaid, type Registration } from '../../lib/game-master/domain/registration.ts';
import { registerRuntime } from '../../lib/game-master/operations/register-runtime.ts';
import { isDeeperThan } from '../../lib/http/json-depth.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../lib/http/schemas.ts';
import { isStorableJson } from '../../lib/http/storable-json.ts';
import { isQuietDays, quietDaysRule } from '../../lib/time/quiet-days.ts';
import { canReckonIn } from '../../lib/time/time-zone.ts';
import { quietDaysProblem, unplayableProblem } from '../../lib/time/turn-schedule.ts';

const maxOptionsDepth = 32;
const maxTurnSeconds = 30 * 86_400;
const maxGraceSeconds = maxTurnSeconds / 2;

const storableText = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must not contain NUL or half of a pair');

const optionsSchema = z.record(z.string(), z.unknown()).superRefine((options, context) => {
  const problem = optionsProblem(options);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

function optionsProblem(options: Readonly<Record<string, unknown>>): string | undefined {
  if (isDeeperThan(options, maxOptionsDepth))
    return `must not be nested deeper than ${maxOptionsDepth} levels`;
  if (!isStorableJson(options)) return 'must not contain NUL or half of a pair';
  const bytes = new TextEncoder().encode(JSON.stringify(options)).length;
  return bytes > engineBounds.optionsBytes
    ? `must not have more than ${engineBounds.optionsBytes} bytes`
    : undefined;
}

const playerSchema = z.strictObject({
  user_id: id,
  race_name: storableText(256).min(1),
  seat: z.int().min(1).max(maxSeats).optional(),
});

const bodySchema = z
  .strictObject({
    runtime_job_id: z.uuidv7('must be a UUIDv7').toLowerCase(),
    container_id: storableText(256).min(1),
    engine_endpoint: z
      .url({ protocol: /^https?$/, error: 'must be a URL such as http://10.0.0.7:9000' })
      .max(2_048)
      .transform((url) => url.replace(/\/+$/, '')),
    turn_schedule: z.string().max(100).nullable(),
    time_zone: z
      .string()
      .max(64)
      .refine(canReckonIn, 'must be a name of the IANA tz database, such as Europe/Berlin or UTC'),
    players: z
      .array(playerSchema)
      .min(1)
      .max(maxSeats)
      .refine(
        (players) => new Set(players.map(({ user_id }) => user_id)).size === players.length,
        'must name each player once',
      )
      .refine(haveSeats, 'must give each player a seat of their own, or none of them any'),
    // What lobbies of an earlier version do not send.
    turn_seconds: z.int().min(1).max(maxTurnSeconds).nullable().default(null),
    min_turn_seconds: z.int().min(1).max(maxTurnSeconds).nullable().default(null),
    quiet_days: z
      .custom<readonly number[]>(isQuietDays, quietDaysRule)
      .openapi({
        type: 'array',
        items: { type: 'integer', minimum: 1, maximum: 7 },
        maxItems: 7,
        uniqueItems: true,
      })
      .default([]),
    grace_seconds: z.int().min(0).max(maxGraceSeconds).default(0),
    early: z.enum(earlyModes).optional(),
    spectators: z.boolean().default(false),
    options: optionsSchema.default({}),
    game_name: storableText(256).default(''),
    owner_user_id: id.nullable().default(null),
  })
  .superRefine((clock, context) => {
    const found = clockProblem(clock);
    if (found !== undefined) {
      context.addIssue({ code: 'custom', path: [found.field], message: found.problem });
    }
  });

function haveSeats(players: readonly z.infer<typeof playerSchema>[]): boolean {
  const seats = players.flatMap(({ seat }) => (seat === undefined ? [] : [seat]));
  return seats.length === 0 || (seats.length === players.length && new Set(seats).size === players.length);
}

function clockProblem(clock: {
  turn_schedule: string | null;
  turn_seconds: number | null;
  time_zone: string;
  quiet_days: readonly number[];
}): { field: 'turn_schedule' | 'quiet_days'; problem: string } | undefined {
  const { turn_schedule: schedule, turn_seconds: seconds } = clock;
  if ((schedule === null) === (seconds === null)) {
    const both = schedule === null ? 'is null, and so is' : 'is set, and so is';
    return { field: 'turn_schedule', problem: `${both} turn_seconds; a game has one of them` };
  }
  if (schedule === null) return undefined;
  const timeZone = canReckonIn(clock.time_zone) ? clock.time_zone : 'UTC';
  const now = new Date();
  const unusable = unplayableProblem(schedule, timeZone, now);
  if (unusable !== undefined) return { field: 'turn_schedule', problem: unusable };
  const quiet = quietDaysProblem(schedule, timeZone, now, clock.quiet_days);
  return quiet === undefined ? undefined : { field: 'quiet_days', problem: quiet };
}

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/games/{game_id}/register-runtime',
  operationId: 'registerRuntime',
  summary: 'Takes over a game whose engine runs; a repeat with the same runtime tries again what failed',
  request: { params: z.strictObject({ game_id: id }), body: jsonBody(bodySchema) },
  responses: {
    200: jsonResponse(z.object({ game_id: id, runtime_job_id: id }), 'The game is played here'),
    ...errorResponses('invalid_state'),
  },
});

export const registerRuntimeRoute = (gameMaster: Pick<GameMaster, 'db'>) =>
  defineRoute(route, async (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const registration = toRegistration(gameId, c.req.valid('json'));
    const registered = await registerRuntime(gameMaster, registration);
    const { runtimeJobId } = registration;
    c.get('log').info({ game_id: gameId, runtime_job_id: runtimeJobId, registered }, 'game registered');
    return c.json({ game_id: gameId, runtime_job_id: runtimeJobId }, 200);
  });

function toRegistration(gameId: string, body: z.infer<typeof bodySchema>): Registration {
  return {
    gameId,
    runtimeJobId: body.runtime_job_id,
    containerId: body.container_id,
    engineEndpoint: body.engine_endpoint,
    gameName: body.game_name,
    ownerUserId: body.owner_user_id,
    turnSchedule: body.turn_schedule,
    timeZone: body.time_zone,
    turnSeconds: body.turn_seconds,
    minTurnSeconds: body.min_turn_seconds,
    quietDays: body.quiet_days,
    graceSeconds: body.grace_seconds,
    early: body.early ?? earlyUnlessSaid(body.turn_schedule),
    spectators: body.spectators,
    options: body.options,
    seats: body.players.map(({ user_id, race_name, seat }, index) => ({
      seat: seat ?? index + 1,
      userId: user_id,
      label: race_name,
    })),
    // A game that does not run yet is reported when it does.
    status: 'running',
    lobbyRevision: 0,
  };
}
