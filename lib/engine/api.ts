// What the platform and a game's engine say to each other: the Runtime Manager starts engines and asks for their health,
// the Game Master sets games up and lets turns be played, the sample engine answers. docs/engine-interface.md tells the
// whole to those who write engines. Requests are strict, since an engine that skips a field plays another game; answers
// may hold more than is asked for.
import { z } from 'zod';

/** Environment that an engine is started with. */
export const engineEnvironment = {
  /** Address to bind to. */
  host: 'GALAXY_ENGINE_HOST',
  /** Port to listen on, chosen by whoever starts the engine. */
  port: 'GALAXY_ENGINE_PORT',
  /** The version that the game was made for. */
  version: 'GALAXY_ENGINE_VERSION',
  /** A folder of this game's own, kept until the game is stopped. */
  dataFolder: 'GALAXY_ENGINE_DATA_FOLDER',
} as const;

export const engineRoutes = {
  health: '/healthz',
  game: '/api/v1/game',
  turns: '/api/v1/game/turns',
} as const;

/** As many as a game of the lobby can have: 1,000 and 100 more while the gap is open. */
export const maxPlayers = 1_100;

export const healthSchema = z.object({ status: z.literal('ok') });

/** Body of `PUT /api/v1/game`. */
export const gameSetupSchema = z.strictObject({
  game_id: z.guid(),
  players: z
    .array(z.strictObject({ user_id: z.guid(), race_name: z.string().min(1) }))
    .min(1)
    .max(maxPlayers)
    .refine(
      (players) => new Set(players.map((player) => player.user_id)).size === players.length,
      'must name every user once',
    ),
});

/** Body of `POST /api/v1/game/turns`: the number of the turn to play. The first is 1. */
export const turnRequestSchema = z.strictObject({ turn: z.int().min(1) });

const count = z.int().nonnegative();

/** Answer of every route of the game. `turn` is the last one that was played; 0 before the first. */
export const gameStateSchema = z.object({
  game_id: z.guid(),
  turn: count,
  status: z.enum(['running', 'finished']),
  players: z.array(z.object({ user_id: z.guid(), planets: count, population: count, ships_built: count })),
});

/** Body of every refusal. */
export const engineErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
});

export type GameSetup = z.infer<typeof gameSetupSchema>;
export type TurnRequest = z.infer<typeof turnRequestSchema>;
export type GameState = z.infer<typeof gameStateSchema>;
