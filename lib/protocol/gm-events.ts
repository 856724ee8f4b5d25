// `gm:lobby_events`: what the Game Master reports to the lobby about games. docs/lobby.md lists the fields.
import { z } from 'zod';
import { integerText, jsonText } from './stream-fields.ts';

export const gmEventTypes = ['runtime_snapshot_update', 'game_finished'] as const;

const amount = z.int().nonnegative();

/** Identified by `event_id`. */
export const gmEventEntry = z.object({
  event_id: z.string().min(1).max(128),
  event_type: z.enum(gmEventTypes),
  game_id: z.guid(),
  /** The start job whose container plays the game. */
  runtime_job_id: z.guid(),
  turn: integerText.refine((turn) => turn >= 0, 'must not be negative'),
  runtime_status: z.string().max(64),
  engine_health: z.string().max(64),
  player_stats: jsonText(
    z
      .array(z.object({ user_id: z.guid(), planets: amount, population: amount, ships_built: amount }))
      .max(1_100),
  ),
  occurred_at_ms: integerText,
});
export type GmEvent = z.output<typeof gmEventEntry>;
