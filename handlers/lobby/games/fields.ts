// The settings of a game, as requests give them.
import { z } from '@hono/zod-openapi';
import { timestampInput } from '../../../lib/http/schemas.ts';
import { earlyModes, type GameSettings, gameBounds } from '../../../lib/lobby/domain/game.ts';
import { botsProblem, optionsProblem } from '../../../lib/lobby/domain/game-options.ts';
import type { GameChanges } from '../../../lib/lobby/domain/game-update.ts';
import {
  isReadable,
  turningProblem,
  turnsDirection,
  unreadableProblem,
} from '../../../lib/names/safe-text.ts';
import { shownNameProblem } from '../../../lib/names/shown-name.ts';
import { isQuietDays, quietDaysRule } from '../../../lib/time/quiet-days.ts';

const { gameName, description, players, startGapHours, startGapPlayers, ...texts } = gameBounds;

const farthestDeadline = new Date(Date.UTC(9999, 0));

export const settingFields = {
  game_name: boundedText(gameName.min, gameName.max)
    .refine((name) => name === name.trim(), 'must not begin or end with a space')
    .superRefine((name, { addIssue }) => {
      const problem = shownNameProblem(name);
      if (problem !== undefined) addIssue({ code: 'custom', message: problem });
    }),
  description: boundedText(0, description.max),
  min_players: wholeNumber(players),
  max_players: wholeNumber(players).openapi({ description: 'At least min_players.' }),
  start_gap_hours: wholeNumber(startGapHours).openapi({
    description:
      'How long enrollment goes on after max_players is reached, for start_gap_players more; 0 unless given.',
  }),
  start_gap_players: wholeNumber(startGapPlayers).openapi({ description: '0 unless given.' }),
  enrollment_ends_at: timestampInput
    .transform((time) => new Date(time))
    .refine((time) => time < farthestDeadline, 'must lie before the year 9999')
    .openapi({
      description: 'RFC 3339 with any offset; must lie ahead when enrollment is opened.',
      example: '2026-12-31T18:00:00Z',
    }),
  auto_approve: z.boolean('must be true or false').openapi({
    description:
      'Whether applications are approved at once while places are free; for public games only, false unless given.',
  }),
  turn_schedule: boundedText(1, texts.turnSchedule.max).nullable().openapi({
    description:
      'When turns are due: a cron expression of five fields, in time_zone. A game has this or turn_seconds.',
    example: '0 20 * * 1-5',
  }),
  time_zone: boundedText(1, texts.timeZone.max).openapi({
    description: 'A name of the IANA tz database, in its letter case.',
    example: 'Europe/Berlin',
  }),
  turn_seconds: wholeNumber(texts.turnSeconds)
    .nullable()
    .openapi({
      type: ['integer', 'null'],
      description: 'How long each turn takes at most, from its opening. A game has this or turn_schedule.',
    }),
  min_turn_seconds: wholeNumber(texts.minTurnSeconds)
    .nullable()
    .openapi({
      type: ['integer', 'null'],
      description:
        'How long after a turn was played the next one is due at the earliest; one that closes early may be shorter.',
    }),
  quiet_days: z
    .custom<readonly number[]>(isQuietDays, quietDaysRule)
    .transform((days) => days.toSorted((a, b) => a - b))
    .openapi({
      type: 'array',
      items: { type: 'integer', minimum: 1, maximum: 7 },
      maxItems: texts.quietDays.max,
      uniqueItems: true,
      description:
        'Days of the week in time_zone, from 1 (Monday) to 7 (Sunday), such as [6, 7], on which no time of ' +
        'turn_schedule counts and turn_seconds stand still. None unless given.',
    }),
  grace_seconds: wholeNumber(texts.graceSeconds).openapi({
    description:
      'How long a turn that is due waits for those whom it waits for and who have given nothing; 0 unless given.',
  }),
  early: z.enum(earlyModes).openapi({
    description:
      '`all_ready`: a turn closes as soon as all that it waits for are ready. `off`: not before it is due. ' +
      'Unless given, `all_ready` with turn_seconds and `off` with turn_schedule.',
  }),
  spectators: z.boolean('must be true or false').openapi({
    description:
      'Whether others than its players may see what the engine shows to spectators; false unless given.',
  }),
  options: z
    .custom<Readonly<Record<string, unknown>>>()
    .superRefine((options, { addIssue }) => {
      const problem = optionsProblem(options);
      if (problem !== undefined) return addIssue({ code: 'custom', message: problem });
      const bots = botsProblem(options);
      if (bots !== undefined) addIssue({ code: 'custom', path: ['bots'], message: bots });
    })
    .openapi({
      type: 'object',
      additionalProperties: true,
      description:
        `For the engine, which says what it takes; at most ${texts.optionsBytes.max} bytes as JSON. ` +
        '`bots`, from 0 to 100, says how many seats bots take besides the players. `{}` unless given.',
    }),
  engine_family: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be a family such as four-in-a-row')
    .openapi({
      description: 'Which game is played; GET /engines lists them.',
      example: 'four-in-a-row',
    }),
  target_engine_version: boundedText(1, texts.targetEngineVersion.max).openapi({
    description: 'A semantic version.',
    example: '1.4.0',
  }),
};

/** The clock, as it is unless a request says otherwise. */
export const clockFields = {
  turn_schedule: settingFields.turn_schedule.default(null),
  time_zone: settingFields.time_zone.default('UTC'),
  turn_seconds: settingFields.turn_seconds.default(null),
  min_turn_seconds: settingFields.min_turn_seconds.default(null),
  quiet_days: settingFields.quiet_days.default([]),
  grace_seconds: settingFields.grace_seconds.default(0),
};

type SettingsBody = z.infer<z.ZodObject<typeof settingFields>>;

/** The settings under the names that the rules use. */
export function toSettings(body: SettingsBody): GameSettings;
export function toSettings(
  body: { [Field in keyof SettingsBody]?: SettingsBody[Field] | undefined },
): GameChanges;
export function toSettings(
  body: { [Field in keyof SettingsBody]?: SettingsBody[Field] | undefined },
): GameChanges {
  return {
    gameName: body.game_name,
    description: body.description,
    minPlayers: body.min_players,
    maxPlayers: body.max_players,
    startGapHours: body.start_gap_hours,
    startGapPlayers: body.start_gap_players,
    enrollmentEndsAt: body.enrollment_ends_at,
    autoApprove: body.auto_approve,
    turnSchedule: body.turn_schedule,
    timeZone: body.time_zone,
    turnSeconds: body.turn_seconds,
    minTurnSeconds: body.min_turn_seconds,
    quietDays: body.quiet_days,
    graceSeconds: body.grace_seconds,
    early: body.early,
    spectators: body.spectators,
    options: body.options,
    engineFamily: body.engine_family,
    targetEngineVersion: body.target_engine_version,
  };
}

/** Text in NFC that can be stored and shown as it is; lengths are in characters, not in UTF-16 units. */
export function boundedText(min: number, max: number) {
  const bounds = min === 0 ? `at most ${max}` : `${min} to ${max}`;
  return z
    .string()
    .normalize('NFC')
    .refine((text) => within([...text].length, { min, max }), `must have ${bounds} characters`)
    .refine(isReadable, unreadableProblem)
    .refine((text) => !turnsDirection(text), turningProblem)
    .openapi({ minLength: min, maxLength: max });
}

function wholeNumber({ min, max }: { min: number; max: number }) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z
    .number(problem)
    .refine((value) => Number.isInteger(value) && within(value, { min, max }), problem)
    .openapi({ type: 'integer', minimum: min, maximum: max });
}

function within(value: number, { min, max }: { min: number; max: number }): boolean {
  return value >= min && value <= max;
}
