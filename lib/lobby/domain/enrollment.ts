// How a game fills up and when enrollment ends.
//
// A game takes `max_players`. When its active members reach that number the gap opens: for `start_gap_hours` there is
// room for `start_gap_players` more. If members leave and it falls below `max_players`, the gap closes again. It is
// exhausted when its hours have passed or its places are full, at once when there are none; then enrollment ends. It
// also ends at the deadline if `min_players` are there; below that the game stays open until they are. Both ends are
// decided here and applied through state-machine.ts, by the enrollment automation or the approval that filled a game.
import type { TurnClock } from '../../time/turn-clock.ts';
import { clockProblems, type Game } from './game.ts';

const hourMs = 3_600_000;

type Capacity = Pick<Game, 'maxPlayers' | 'startGapPlayers' | 'gapOpenedAt'>;
type Enrolling = Capacity & Pick<Game, 'status' | 'minPlayers' | 'startGapHours' | 'enrollmentEndsAt'>;

/** How many active members the game takes right now. */
export function capacity(game: Capacity): number {
  return game.gapOpenedAt === null ? game.maxPlayers : game.maxPlayers + game.startGapPlayers;
}

/** The new `gapOpenedAt` after the number of active members has changed. */
export function gapAfterMembershipChange(game: Capacity, activeMembers: number, now: Date): Date | null {
  return activeMembers >= game.maxPlayers ? (game.gapOpenedAt ?? now) : null;
}

/** The trigger that ends enrollment now, if any; `gap` when both do. `game` carries the current `gapOpenedAt`. */
export function dueClosing(
  game: Enrolling,
  activeMembers: number,
  now: Date,
): 'deadline' | 'gap' | undefined {
  if (game.status !== 'enrollment_open') return undefined;
  if (gapExhausted(game, activeMembers, now)) return 'gap';
  return now >= game.enrollmentEndsAt && activeMembers >= game.minPlayers ? 'deadline' : undefined;
}

function gapExhausted(game: Enrolling, activeMembers: number, now: Date): boolean {
  if (game.gapOpenedAt === null || activeMembers < game.maxPlayers) return false;
  const hoursOver = now.getTime() - game.gapOpenedAt.getTime() >= game.startGapHours * hourMs;
  return hoursOver || activeMembers >= game.maxPlayers + game.startGapPlayers;
}

/** Why a trigger that fits the game's status cannot be applied yet. */
export type UnmetCondition = {
  readonly code: 'invalid_state' | 'game_full';
  readonly message: string;
  readonly details: Record<string, unknown>;
};

/**
 * Enrollment can be opened only while its deadline lies ahead, and with a clock that is allowed: what is may have
 * changed since the draft was made.
 */
export function openEnrollmentProblem(
  game: Pick<Game, 'status' | 'enrollmentEndsAt'> & TurnClock,
  now: Date,
  minTurnIntervalMs: number,
): UnmetCondition | undefined {
  if (game.enrollmentEndsAt > now) return clockProblem(game, now, minTurnIntervalMs);
  return deadlinePassed(game, 'Set a later enrollment_ends_at first.');
}

function deadlinePassed(
  { status, enrollmentEndsAt }: Pick<Game, 'status' | 'enrollmentEndsAt'>,
  advice: string,
): UnmetCondition {
  const deadline = enrollmentEndsAt.toISOString();
  return {
    code: 'invalid_state',
    message: `The enrollment deadline ${deadline} has passed. ${advice}`,
    details: { status, enrollment_ends_at: deadline },
  };
}

/** How long enrollment lasts that is opened again because too few members are left. */
export const reopenedForMs = 7 * 24 * hourMs;

/** Why enrollment cannot be opened again until the deadline that `game` carries. */
export function reopenEnrollmentProblem(
  game: Enrolling,
  activeMembers: number,
  now: Date,
): UnmetCondition | undefined {
  if (game.enrollmentEndsAt <= now) return deadlinePassed(game, 'Give a later enrollment_ends_at.');
  if (!gapExhausted(game, activeMembers, now)) return undefined;
  return {
    code: 'game_full',
    message: `All ${activeMembers} places of the game are taken, so enrollment would close again at once.`,
    details: { places: activeMembers, active_members: activeMembers },
  };
}

function clockProblem(
  game: Pick<Game, 'status'> & TurnClock,
  now: Date,
  minTurnIntervalMs: number,
): UnmetCondition | undefined {
  const [first, ...more] = clockProblems(game, now, minTurnIntervalMs);
  if (first === undefined) return undefined;
  return {
    code: 'invalid_state',
    message: `The game cannot be played by its clock: ${first.field} ${first.problem}. Change it first.`,
    details: { status: game.status, fields: [first, ...more] },
  };
}

/** Why a game cannot run, although its start has succeeded: too few members are left. */
export function runProblem(
  { minPlayers }: Pick<Game, 'minPlayers'>,
  activeMembers: number,
): string | undefined {
  if (activeMembers >= minPlayers) return undefined;
  return `${activeMembers} of at least ${minPlayers} players are left`;
}

/** Enrollment can be closed by hand only when enough players are in. */
export function closeEnrollmentProblem(
  game: Pick<Game, 'status' | 'minPlayers'>,
  activeMembers: number,
): UnmetCondition | undefined {
  return tooFewPlayers(game, activeMembers, 'Wait for more, or cancel the game.');
}

/** Players may have left since enrollment closed; a start still needs the minimum. */
export function startProblem(
  game: Pick<Game, 'status' | 'minPlayers'>,
  activeMembers: number,
): UnmetCondition | undefined {
  return tooFewPlayers(game, activeMembers, 'Open enrollment again, or cancel the game.');
}

function tooFewPlayers(
  game: Pick<Game, 'status' | 'minPlayers'>,
  activeMembers: number,
  advice: string,
): UnmetCondition | undefined {
  if (activeMembers >= game.minPlayers) return undefined;
  return {
    code: 'invalid_state',
    message: `The game has ${activeMembers} of at least ${game.minPlayers} players. ${advice}`,
    details: { status: game.status, min_players: game.minPlayers, active_members: activeMembers },
  };
}
