// What the lobby knows: games, applications, memberships and the timeline of a game, as plain data. Times are Dates,
// what is absent is null. Stores return these types, rules take them, handlers make responses of them.
import { engineVersionProblem } from '../../engine/engine-version.ts';
import { type GameStatus, gameStatuses, type Trigger, triggers } from '../../protocol/game-status.ts';
import { gameTextBounds } from '../../protocol/game-texts.ts';
import { maxQuietDays } from '../../time/quiet-days.ts';
import { isTimeZone } from '../../time/time-zone.ts';
import type { TurnClock } from '../../time/turn-clock.ts';
import { quietDaysProblem, scheduleProblem, shortestInterval } from '../../time/turn-schedule.ts';

export const gameTypes = ['public', 'private'] as const;
export type GameType = (typeof gameTypes)[number];

/** How lists of games are sorted. `ending_soon` lists only games that enroll players, by their deadline. */
export const gameOrders = ['newest', 'ending_soon'] as const;
export type GameOrder = (typeof gameOrders)[number];

/** Whether a turn closes before it is due, when all awaited seats are ready. */
export const earlyModes = ['all_ready', 'off'] as const;
export type EarlyMode = (typeof earlyModes)[number];

/** The role of a user in a game. */
export const gameRoles = ['owner', 'player'] as const;
export type GameRole = (typeof gameRoles)[number];

export { type GameStatus, gameStatuses, type Trigger, triggers };

/**
 * On whose behalf a trigger is applied; `approval` is the admission of a player that filled the game, `departure` the end
 * of a membership that left too few.
 */
export const transitionActors = [
  'owner',
  'admin',
  'worker',
  'approval',
  'departure',
  'job_result',
  'gm_event',
  'lifecycle_event',
] as const;
export type TransitionActor = (typeof transitionActors)[number];

/** What the people who make a game decide about it. */
export type GameSettings = TurnClock & {
  readonly gameName: string;
  readonly description: string;
  readonly minPlayers: number;
  readonly maxPlayers: number;
  /** How long enrollment goes on after `maxPlayers` is reached, for `startGapPlayers` more. */
  readonly startGapHours: number;
  readonly startGapPlayers: number;
  readonly enrollmentEndsAt: Date;
  /** Whether applications are approved at once while places are free; for public games. */
  readonly autoApprove: boolean;
  readonly early: EarlyMode;
  /** Whether others than its players may see the engine's view for spectators. */
  readonly spectators: boolean;
  /** For the engine: a JSON object whose fields the engine defines. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Which game is played: a family of the engine catalogue. */
  readonly engineFamily: string;
  /** Semantic version. */
  readonly targetEngineVersion: string;
};

export type Game = GameSettings & {
  readonly gameId: string;
  readonly gameType: GameType;
  /** null for a public game that an admin made. */
  readonly ownerUserId: string | null;
  readonly status: GameStatus;
  /** When enrollment was opened; null for a game that only its owner and admins have ever seen. */
  readonly openedAt: Date | null;
  /** When active members reached `maxPlayers`; null while they are fewer. */
  readonly gapOpenedAt: Date | null;

  // Runtime snapshot, as the Game Master reported it last.
  readonly currentTurn: number | null;
  readonly runtimeStatus: string | null;
  readonly engineHealth: string | null;
  readonly snapshotAt: Date | null;
  /** Of the last report that was applied; null before one of version 2. */
  readonly reportSeq: number | null;
  /** When the open turn is due, and when it closes at the latest; null while the clock stands still. */
  readonly dueAt: Date | null;
  readonly closesAt: Date | null;
  readonly awaitedSeats: readonly number[] | null;
  readonly readySeats: readonly number[] | null;
  readonly result: GameResult | null;

  // Runtime binding: the container that runs the game.
  readonly runtimeJobId: string | null;
  readonly containerId: string | null;
  readonly engineEndpoint: string | null;
  readonly boundAt: Date | null;
  readonly registeredAt: Date | null;
  /** Until when the start job is worth doing; null unless the game is starting. */
  readonly startExpiresAt: Date | null;

  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Grows by one with every change but snapshots; the ETag of the game. */
  readonly revision: number;
};

export const resultKinds = ['finished', 'draw', 'void'] as const;

/** How a game ended, with who held each seat. */
export type GameResult = {
  readonly kind: (typeof resultKinds)[number];
  readonly placements: readonly {
    readonly seat: number;
    /** 1 is the best; several may share a rank. */
    readonly rank: number;
    readonly team?: number | undefined;
    readonly score?: number | undefined;
    /** null for a bot. */
    readonly userId: string | null;
    readonly raceName: string | null;
  }[];
};

export const applicationStatuses = ['pending', 'approved', 'rejected', 'withdrawn', 'cancelled'] as const;
export type ApplicationStatus = (typeof applicationStatuses)[number];

/** A user's wish to play in a public game. */
export type Application = {
  readonly applicationId: string;
  readonly gameId: string;
  readonly userId: string;
  readonly raceName: string;
  readonly status: ApplicationStatus;
  readonly createdAt: Date;
  /** When it left `pending`. */
  readonly decidedAt: Date | null;
};

export const membershipStatuses = ['active', 'left', 'removed', 'blocked'] as const;
export type MembershipStatus = (typeof membershipStatuses)[number];

/** What lists of memberships are about. */
export const listedMembershipStatuses = ['active', 'blocked'] as const;
export type ListedMembershipStatus = (typeof listedMembershipStatuses)[number];

export type Membership = {
  readonly membershipId: string;
  readonly gameId: string;
  readonly userId: string;
  readonly raceName: string;
  readonly status: MembershipStatus;
  /** From 1, set when the game starts; null before. */
  readonly seat: number | null;
  readonly joinedAt: Date;
  /** When it stopped being active. */
  readonly endedAt: Date | null;
};

export type EndedMembership = Membership & { readonly status: Exclude<MembershipStatus, 'active'> };

/** One transition of a game. */
export type TimelineEntry = {
  readonly entryId: string;
  readonly gameId: string;
  readonly at: Date;
  readonly trigger: Trigger;
  readonly actor: TransitionActor;
  /** The user or admin behind `actor`; null when there is none. */
  readonly actorId: string | null;
  readonly from: GameStatus;
  readonly to: GameStatus;
  readonly reason: string | null;
};

/** Inclusive bounds; lengths are in characters. */
export const gameBounds = {
  ...gameTextBounds,
  players: { min: 1, max: 1_000 },
  startGapHours: { min: 0, max: 336 },
  startGapPlayers: { min: 0, max: 100 },
  turnSchedule: { max: 100 },
  timeZone: { max: 64 },
  /** At most 30 days. */
  turnSeconds: { min: 1, max: 2_592_000 },
  minTurnSeconds: { min: 1, max: 2_592_000 },
  quietDays: { max: maxQuietDays },
  /** Half of the longest turn. */
  graceSeconds: { min: 0, max: 1_296_000 },
  optionsBytes: { max: 16_384 },
  /** Levels of objects and lists. */
  optionsDepth: { max: 8 },
  bots: { min: 0, max: 100 },
  engineFamily: { min: 1, max: 64 },
  targetEngineVersion: { max: 64 },
} as const;

/** `field` under its name in requests and responses. */
export type SettingsProblem = { readonly field: string; readonly problem: string };

/**
 * What is wrong with settings beyond the bounds of each field: how fields relate to each other and to the time, and
 * whether schedule, time zone and version mean something. Empty when they can be used.
 * @param minTurnIntervalMs the shortest time that turns may leave between them.
 */
export function settingsProblems(
  settings: GameSettings,
  now: Date,
  minTurnIntervalMs: number,
): SettingsProblem[] {
  const { minPlayers, maxPlayers, enrollmentEndsAt, targetEngineVersion } = settings;
  const isBelow = maxPlayers < minPlayers;
  return [
    ...problemOf('max_players', isBelow ? `must not be below min_players (${minPlayers})` : undefined),
    ...problemOf('enrollment_ends_at', deadlineProblem(enrollmentEndsAt, now)),
    ...clockProblems(settings, now, minTurnIntervalMs),
    ...problemOf('target_engine_version', engineVersionProblem(targetEngineVersion)),
  ];
}

/** The settings that say when turns are due. */
export const clockSettings = [
  'turnSchedule',
  'timeZone',
  'turnSeconds',
  'minTurnSeconds',
  'quietDays',
  'graceSeconds',
] as const satisfies (keyof TurnClock)[];

/** What is wrong with the settings of the clock. @param minTurnIntervalMs as for `settingsProblems`. */
export function clockProblems(clock: TurnClock, now: Date, minTurnIntervalMs: number): SettingsProblem[] {
  const { turnSchedule, turnSeconds, timeZone } = clock;
  const zone = timeZoneProblem(timeZone);
  const problems = problemOf('time_zone', zone);
  if (turnSchedule === null && turnSeconds === null) {
    return [...problems, ...problemOf('turn_schedule', 'is missing; give it or turn_seconds')];
  }
  if (turnSchedule !== null && turnSeconds !== null) {
    return [...problems, ...problemOf('turn_seconds', 'must not be given with turn_schedule')];
  }
  if (turnSeconds !== null) return [...problems, ...rollingProblems(clock, turnSeconds, minTurnIntervalMs)];
  if (turnSchedule === null) return problems;
  const schedule = scheduleProblem(turnSchedule, zone ? 'UTC' : timeZone, now);
  if (schedule !== undefined || zone !== undefined) {
    return [...problems, ...problemOf('turn_schedule', schedule)];
  }
  return scheduledProblems(clock, turnSchedule, now, minTurnIntervalMs);
}

function rollingProblems(
  { minTurnSeconds, graceSeconds }: TurnClock,
  turnSeconds: number,
  minTurnIntervalMs: number,
): SettingsProblem[] {
  const shortestSeconds = Math.ceil(minTurnIntervalMs / 1_000);
  const isTooFast = turnSeconds < shortestSeconds;
  const isTooLong = (minTurnSeconds ?? 0) > turnSeconds;
  const isTooPatient = graceSeconds * 2 >= turnSeconds;
  return [
    ...problemOf('turn_seconds', isTooFast ? `must be at least ${shortestSeconds}` : undefined),
    ...problemOf('min_turn_seconds', isTooLong ? 'must not exceed turn_seconds' : undefined),
    ...problemOf('grace_seconds', isTooPatient ? 'must be less than half of turn_seconds' : undefined),
  ];
}

/** A turn that closes in time, be it at the end of its grace, must not cost the next time of the schedule. */
function scheduledProblems(
  { timeZone, minTurnSeconds, quietDays, graceSeconds }: TurnClock,
  schedule: string,
  now: Date,
  minTurnIntervalMs: number,
): SettingsProblem[] {
  const shortest = shortestInterval(schedule, timeZone, now);
  const words = inWords(shortest);
  const isTooFast = shortest < minTurnIntervalMs;
  const isTooLong = minTurnSeconds !== null && (minTurnSeconds + graceSeconds) * 1_000 >= shortest;
  const isTooPatient = graceSeconds * 2_000 >= shortest;
  return [
    ...problemOf(
      'turn_schedule',
      isTooFast
        ? `must leave ${inWords(minTurnIntervalMs)} between turns, but two of its turns are ${words} apart`
        : undefined,
    ),
    ...problemOf(
      'min_turn_seconds',
      isTooLong
        ? `must, with grace_seconds, be less than ${words}, the shortest time between two turns`
        : undefined,
    ),
    ...problemOf('quiet_days', quietDaysProblem(schedule, timeZone, now, quietDays)),
    ...problemOf(
      'grace_seconds',
      isTooPatient ? `must be less than half of ${words}, the shortest time between two turns` : undefined,
    ),
  ];
}

/** Whether turns close early unless the settings say so: what has no schedule goes on as soon as it can. */
export function usualEarlyMode({ turnSeconds }: Pick<TurnClock, 'turnSeconds'>): EarlyMode {
  return turnSeconds === null ? 'off' : 'all_ready';
}

/** What is wrong with settings of a game of this type. */
export function typeProblems(gameType: GameType, { autoApprove }: Pick<GameSettings, 'autoApprove'>) {
  const isFutile = autoApprove && gameType === 'private';
  return problemOf(
    'auto_approve',
    isFutile ? 'must be false: a private game takes no applications' : undefined,
  );
}

function problemOf(field: string, problem: string | undefined): SettingsProblem[] {
  return problem === undefined ? [] : [{ field, problem }];
}

/** A duration in the largest unit of which it is a whole number. */
function inWords(ms: number): string {
  const units = [
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const;
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ['millisecond', 1];
  return ms === size ? `1 ${unit}` : `${ms / size} ${unit}s`;
}

export function deadlineProblem(enrollmentEndsAt: Date, now: Date): string | undefined {
  return enrollmentEndsAt > now ? undefined : `must lie ahead; it is now ${now.toISOString()}`;
}

function timeZoneProblem(timeZone: string): string | undefined {
  return isTimeZone(timeZone)
    ? undefined
    : 'must be a name of the IANA tz database, such as Europe/Berlin or UTC';
}
