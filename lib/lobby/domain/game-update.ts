// Which settings of a game can be changed, and when: all of them while it is a draft; once players enroll, only what
// does not touch what they agreed to (the name, the description, a later deadline, whether applications are approved at
// once); after that none.
import {
  clockSettings,
  type Game,
  type GameSettings,
  type SettingsProblem,
  settingsProblems,
  usualEarlyMode,
} from './game.ts';

/**
 * A schedule and a number of seconds replace each other, and `early` becomes what is usual with the new one unless it is
 * named; null takes one away.
 */
export type GameChanges = { readonly [Field in keyof GameSettings]?: GameSettings[Field] | undefined };

/** The names in requests and responses. */
export const settingNames = {
  gameName: 'game_name',
  description: 'description',
  minPlayers: 'min_players',
  maxPlayers: 'max_players',
  startGapHours: 'start_gap_hours',
  startGapPlayers: 'start_gap_players',
  enrollmentEndsAt: 'enrollment_ends_at',
  autoApprove: 'auto_approve',
  turnSchedule: 'turn_schedule',
  timeZone: 'time_zone',
  turnSeconds: 'turn_seconds',
  minTurnSeconds: 'min_turn_seconds',
  quietDays: 'quiet_days',
  graceSeconds: 'grace_seconds',
  early: 'early',
  spectators: 'spectators',
  options: 'options',
  engineFamily: 'engine_family',
  targetEngineVersion: 'target_engine_version',
} as const satisfies Record<keyof GameSettings, string>;

export const changeableWhileEnrolling = [
  'gameName',
  'description',
  'enrollmentEndsAt',
  'autoApprove',
] as const;

export type ChangedSettings =
  | { readonly ok: true; readonly settings: GameSettings }
  | { readonly ok: false; readonly code: 'invalid_request'; readonly fields: readonly SettingsProblem[] }
  | {
      readonly ok: false;
      readonly code: 'invalid_state';
      readonly message: string;
      readonly details: { readonly status: Game['status']; readonly allowed: readonly string[] };
    };

/**
 * The settings of a game after `changes`, or why they cannot be made.
 * @param minTurnIntervalMs as for `settingsProblems`.
 */
export function changeSettings(
  game: GameSettings & Pick<Game, 'status'>,
  changes: GameChanges,
  now: Date,
  minTurnIntervalMs: number,
): ChangedSettings {
  const given = settingKeys.filter((key) => changes[key] !== undefined);
  const refused = refusalOfState(game, changes, given);
  if (refused) return refused;
  return checked(merge(game, changes), given, now, minTurnIntervalMs);
}

export type CorrectedSettings = Extract<ChangedSettings, { ok: true } | { code: 'invalid_request' }>;

/** The same for the correction of a game whose enrollment is over. */
export function correctSettings(
  game: GameSettings,
  changes: GameChanges,
  now: Date,
  minTurnIntervalMs: number,
): CorrectedSettings {
  const given = settingKeys.filter((key) => changes[key] !== undefined);
  return checked(merge(game, changes), given, now, minTurnIntervalMs);
}

function checked(
  settings: GameSettings,
  given: readonly (keyof GameSettings)[],
  now: Date,
  minTurnIntervalMs: number,
): CorrectedSettings {
  // The deadline of an old draft may have passed, and its clock be too fast by now; opening its enrollment is refused
  // then, and other settings can still be changed.
  const ofTheTime = [['enrollmentEndsAt'], clockSettings] as const;
  const untouched: readonly string[] = ofTheTime
    .filter((keys) => !keys.some((key) => given.includes(key)))
    .flatMap((keys) => keys.map((key) => settingNames[key]));
  const isRelevant = ({ field }: SettingsProblem) => !untouched.includes(field);
  const fields = settingsProblems(settings, now, minTurnIntervalMs).filter(isRelevant);
  return fields.length === 0 ? { ok: true, settings } : { ok: false, code: 'invalid_request', fields };
}

const settingKeys = Object.keys(settingNames) as (keyof GameSettings)[];

function refusalOfState(
  game: GameSettings & Pick<Game, 'status'>,
  changes: GameChanges,
  given: readonly (keyof GameSettings)[],
): ChangedSettings | undefined {
  if (game.status === 'draft') return undefined;
  const open = game.status === 'enrollment_open';
  const allowed: readonly (keyof GameSettings)[] = open ? changeableWhileEnrolling : [];
  const details = { status: game.status, allowed: allowed.map((key) => settingNames[key]) };
  const refused = given.filter((key) => !allowed.includes(key));
  if (!open || refused.length > 0) {
    const what = refused.map((key) => settingNames[key]).join(', ');
    const instead = open ? `Only ${details.allowed.join(', ')} can.` : 'Nothing of it can.';
    const message = `The game is ${game.status}; ${what} can no longer be changed. ${instead}`;
    return { ok: false, code: 'invalid_state', message, details };
  }
  if (changes.enrollmentEndsAt !== undefined && changes.enrollmentEndsAt <= game.enrollmentEndsAt) {
    const message =
      'While players enroll, the deadline can only be moved to a later time than ' +
      `${game.enrollmentEndsAt.toISOString()}.`;
    return { ok: false, code: 'invalid_state', message, details };
  }
  return undefined;
}

function merge(game: GameSettings, changes: GameChanges): GameSettings {
  const { turnSchedule = typeof changes.turnSeconds === 'number' ? null : game.turnSchedule } = changes;
  const { turnSeconds = typeof changes.turnSchedule === 'string' ? null : game.turnSeconds } = changes;
  const { minTurnSeconds = game.minTurnSeconds } = changes;
  const sameClock = (turnSeconds === null) === (game.turnSeconds === null);
  return {
    gameName: changes.gameName ?? game.gameName,
    description: changes.description ?? game.description,
    minPlayers: changes.minPlayers ?? game.minPlayers,
    maxPlayers: changes.maxPlayers ?? game.maxPlayers,
    startGapHours: changes.startGapHours ?? game.startGapHours,
    startGapPlayers: changes.startGapPlayers ?? game.startGapPlayers,
    enrollmentEndsAt: changes.enrollmentEndsAt ?? game.enrollmentEndsAt,
    autoApprove: changes.autoApprove ?? game.autoApprove,
    turnSchedule,
    timeZone: changes.timeZone ?? game.timeZone,
    turnSeconds,
    minTurnSeconds,
    quietDays: changes.quietDays ?? game.quietDays,
    graceSeconds: changes.graceSeconds ?? game.graceSeconds,
    early: changes.early ?? (sameClock ? game.early : usualEarlyMode({ turnSeconds })),
    spectators: changes.spectators ?? game.spectators,
    options: changes.options ?? game.options,
    engineFamily: changes.engineFamily ?? game.engineFamily,
    targetEngineVersion: changes.targetEngineVersion ?? game.targetEngineVersion,
  };
}
