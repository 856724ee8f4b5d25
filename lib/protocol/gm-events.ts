// `gm:lobby_events`: what the Game Master reports to the lobby about games. docs/lobby.md lists the fields.
import { z } from 'zod';
import { gameResultSchema } from '../engine/api.ts';
import { integerText, jsonText } from './stream-fields.ts';

export const gmEventTypes = ['runtime_snapshot_update', 'game_finished'] as const;

const amount = z.int().nonnegative();
const seats = jsonText(z.array(z.int().positive()).max(1_100));

/** Identified by `event_id`. What is optional is missing in the events of a Game Master of version 1. */
export const gmEventEntry = z.object({
  event_id: z.string().min(1).max(128),
  event_type: z.enum(gmEventTypes),
  game_id: z.guid(),
  /** The start job whose container plays the game. */
  runtime_job_id: z.guid(),
  /** Grows with every event about one runtime; the lobby ignores what is older than what it knows. */
  report_seq: integerText.optional(),
  /** The last turn that was played; 0 before the first. */
  turn: integerText.refine((turn) => turn >= 0, 'must not be negative'),
  runtime_status: z.string().max(64),
  engine_health: z.string().max(64),
  player_stats: jsonText(
    z
      .array(z.object({ user_id: z.guid(), planets: amount, population: amount, ships_built: amount }))
      .max(1_100),
  ),
  /** When the open turn is due, and when it closes at the latest; missing while the clock stands still. */
  due_at_ms: integerText.optional(),
  closes_at_ms: integerText.optional(),
  /** Seats that the open turn waits for, and those among them that are ready. */
  awaited_seats: seats.optional(),
  ready_seats: seats.optional(),
  /** With `game_finished`. */
  result: jsonText(gameResultSchema).optional(),
  occurred_at_ms: integerText,
});
export type GmEvent = z.output<typeof gmEventEntry>;
