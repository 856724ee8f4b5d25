// `lobby:game_changes`: what the lobby decides about games that run, for the Game Master. Messages about one game come
// in the order of its decisions. docs/lobby.md lists the fields.
import { z } from 'zod';
import { integerText } from './stream-fields.ts';

export const gameChangeKinds = ['status', 'seat_vacated'] as const;

/** Statuses of a game that has a runtime, as the Game Master learns them. */
export const runningStatuses = ['running', 'paused', 'finished', 'cancelled'] as const;
export type RunningStatus = (typeof runningStatuses)[number];

/** Identified by `change_id`. */
export const gameChangeEntry = z
  .object({
    change_id: z.string().min(1).max(128),
    kind: z.enum(gameChangeKinds),
    game_id: z.guid(),
    /** The start job whose container plays the game. */
    runtime_job_id: z.guid(),
    /** Of the game after the change. */
    revision: integerText,
    /** With `status`. */
    status: z.enum(runningStatuses).optional(),
    /** With `seat_vacated`: its holder has left, or was removed. */
    seat: integerText.optional(),
    /** When the lobby decided; pausing stops the clock at this time. */
    occurred_at_ms: integerText,
  })
  .refine(({ kind, status, seat }) => (kind === 'status' ? status : seat) !== undefined, {
    message: 'a status change needs status, a vacated seat needs seat',
  });
export type GameChange = z.output<typeof gameChangeEntry>;
