// The engine interface, version 2: what the platform and the engine of a game say to each other. The Runtime Manager
// starts engines and asks for their health, the Game Master sets games up, has orders validated, turns played and views
// made. docs/engine-interface.md describes it for those who write engines. Requests are strict, since an engine that
// skips a field plays another game; responses may hold more than is asked for.
import { z } from 'zod';

export const engineProtocol = 2;

/** Environment that an engine is started with. */
export const engineEnvironment = {
  /** Address to bind to. */
  host: 'GALAXY_ENGINE_HOST',
  /** Port to listen on, chosen by the Runtime Manager. */
  port: 'GALAXY_ENGINE_PORT',
  /** The version that the game was made for. */
  version: 'GALAXY_ENGINE_VERSION',
  /** A folder of this game's own, kept until the game is stopped. */
  dataFolder: 'GALAXY_ENGINE_DATA_FOLDER',
} as const;

export const engineRoutes = {
  health: '/healthz',
  manifest: '/api/v1/manifest',
  game: '/api/v1/game',
  validate: '/api/v1/game/orders/validate',
  turns: '/api/v1/game/turns',
  view: '/api/v1/game/view',
  seat: (seat: number) => `/api/v1/game/seats/${seat}`,
} as const;

/** As many as a game of the lobby can have: 1,000 and 100 more while the gap is open. */
export const maxSeats = 1_100;

/** Bounds on what an engine may send and receive; sizes are of JSON text in UTF-8, in bytes. */
export const engineBounds = {
  /** Orders of one seat for one turn. */
  ordersBytes: 64 * 1024,
  /** Orders of all seats for one turn. */
  turnOrdersBytes: 8 * 1024 * 1024,
  viewBytes: 256 * 1024,
  optionsBytes: 16 * 1024,
  problems: 100,
  eventTypeLength: 64,
  eventPayloadBytes: 4 * 1024,
  eventsPerSeat: 20,
} as const;

export const healthSchema = z.object({ status: z.literal('ok') });

const seat = z.int().min(1).max(maxSeats);
const count = z.int().nonnegative();
const jsonSchema = z.record(z.string(), z.unknown());

/** Response of `GET /api/v1/manifest`. */
export const manifestSchema = z.object({
  protocol: z.literal(engineProtocol),
  family: z.string().regex(/^[a-z0-9-]{1,64}$/),
  version: z.string().min(1).max(64),
  seats: z.object({ min: seat, max: seat }).refine(({ min, max }) => min <= max, 'min must not be above max'),
  /** JSON Schemas (2020-12) of the options of a game, and of what a seat orders in a turn. */
  options_schema: jsonSchema,
  orders_schema: jsonSchema,
  turn_order: z.enum(['simultaneous', 'sequential']),
  hidden_information: z.boolean(),
  /** Whether there is a view for spectators. */
  spectator_view: z.boolean(),
});

/** Body of `PUT /api/v1/game`. A repeat carries the original body. */
export const gameSetupSchema = z.strictObject({
  game_id: z.guid(),
  /** 32 random bytes in hexadecimal digits: the only source of chance of the game. */
  seed: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  seats: z
    .array(z.strictObject({ seat, label: z.string().min(1), bot: z.boolean() }))
    .min(1)
    .max(maxSeats)
    .refine(
      (seats) => new Set(seats.map((one) => one.seat)).size === seats.length,
      'must name each seat once',
    ),
  options: z.record(z.string(), z.unknown()),
});

/** How a game ended. `rank` 1 is the best; equal ranks are allowed. `void`: it counts for nobody. */
export const gameResultSchema = z.object({
  kind: z.enum(['finished', 'draw', 'void']),
  placements: z
    .array(z.object({ seat, rank: seat, team: seat.optional(), score: z.number().optional() }))
    .max(maxSeats)
    .refine((all) => new Set(all.map((one) => one.seat)).size === all.length, 'must name each seat once'),
});

/** Response of every route that shows or changes the state of the game. */
export const gameStateSchema = z
  .object({
    game_id: z.guid(),
    /** The last turn that was played; 0 before the first. */
    turn: count,
    status: z.enum(['running', 'finished']),
    /** Seats whose orders the next turn waits for; empty once the game has finished. */
    awaiting: z.array(seat).max(maxSeats),
    /** Seats that are still in the game. */
    alive: z.array(seat).max(maxSeats),
    stats: z
      .array(
        z.object({
          seat,
          planets: count,
          population: count,
          ships_built: count,
          score: z.number().optional(),
        }),
      )
      .max(maxSeats),
    /** With `finished`. */
    result: gameResultSchema.optional(),
  })
  .refine(({ status, result }) => status === 'running' || result !== undefined, {
    path: ['result'],
    message: 'is missing: a finished game has one',
  });

/** An event of the engine for the holders of these seats. */
const engineEventSchema = z.object({
  to: z.array(seat).min(1).max(maxSeats),
  type: z.string().regex(/^[a-z0-9_.]{1,64}$/),
  payload: z.record(z.string(), z.unknown()),
});

/** Body of `POST /api/v1/game/orders/validate`. */
export const validateRequestSchema = z.strictObject({
  seat,
  /** The turn that the orders are for: the state's `turn` + 1. */
  turn: z.int().min(1),
  orders: z.unknown(),
});

/** `path` leads to a value in the orders, such as `/column` (RFC 6901); empty for the orders as a whole. */
export const validateResponseSchema = z.object({
  problems: z
    .array(z.object({ path: z.string().max(1_000), message: z.string().min(1).max(1_000) }))
    .max(engineBounds.problems),
});

/** How the orders of a seat came to be. `missing` and `vacant` seats have no orders. */
export const orderStates = ['ready', 'draft', 'missing', 'vacant'] as const;
export type OrderState = (typeof orderStates)[number];

/**
 * Body of `POST /api/v1/game/turns`: the turn to play, with the orders of every seat that is awaited or has some, in the
 * order of seats. The first turn is 1.
 */
export const turnRequestSchema = z.strictObject({
  turn: z.int().min(1),
  orders: z.array(z.strictObject({ seat, orders: z.unknown(), state: z.enum(orderStates) })).max(maxSeats),
});

/** Response of `POST /api/v1/game/turns`. */
export const turnResponseSchema = z.intersection(
  gameStateSchema,
  z.object({ events: z.array(engineEventSchema).default([]) }),
);

/** Body of `PUT /api/v1/game/seats/{seat}`: nobody holds the seat any more. */
export const seatChangeSchema = z.strictObject({ vacant: z.literal(true) });

/** Audience of a view: one seat, or spectators. */
export type Audience = number | 'spectator';

/** As in `GET /api/v1/game/view?for=`. */
export function audienceText(audience: Audience): string {
  return audience === 'spectator' ? audience : `seat:${audience}`;
}

/** Body of every refusal. */
export const engineErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type GameSetup = z.infer<typeof gameSetupSchema>;
export type GameState = z.infer<typeof gameStateSchema>;
export type GameResult = z.infer<typeof gameResultSchema>;
export type EngineEvent = z.infer<typeof engineEventSchema>;
export type ValidateRequest = z.infer<typeof validateRequestSchema>;
export type OrderProblem = z.infer<typeof validateResponseSchema>['problems'][number];
export type TurnRequest = z.infer<typeof turnRequestSchema>;
export type TurnResponse = z.infer<typeof turnResponseSchema>;
