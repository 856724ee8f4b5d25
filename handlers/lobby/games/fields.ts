// The settings of a game, as requests give them.
import { z } from '@hono/zod-openapi';
import { timestampInput } from '../../../lib/http/schemas.ts';
import { type GameSettings, gameBounds } from '../../../lib/lobby/domain/game.ts';
import type { GameChanges } from '../../../lib/lobby/domain/game-update.ts';

const { gameName, description, players, startGapHours, startGapPlayers, ...texts } = gameBounds;

const farthestDeadline = new Date(Date.UTC(9999, 0));

export const settingFields = {
  game_name: boundedText(gameName.min, gameName.max)
    .refine((name) => name === name.trim(), 'must not begin or end with a space')
    .refine((name) => !/[\n\t\p{Zl}\p{Zp}]/u.test(name), 'must be one line')
    .refine((name) => !hasInvisible(name), 'must not contain characters that cannot be seen'),
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
  turn_schedule: boundedText(1, texts.turnSchedule.max).openapi({
    description: 'When turns are made: a cron expression of five fields, in time_zone.',
    example: '0 20 * * 1-5',
  }),
  time_zone: boundedText(1, texts.timeZone.max).openapi({
    description: 'An IANA time zone.',
    example: 'Europe/Berlin',
  }),
  target_engine_version: boundedText(1, texts.targetEngineVersion.max).openapi({
    description: 'A semantic version.',
    example: '1.4.0',
  }),
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
    turnSchedule: body.turn_schedule,
    timeZone: body.time_zone,
    targetEngineVersion: body.target_engine_version,
  };
}

/** These have an error message of their own. */
const turningMarks = /[\u202A-\u202E\u2066-\u2069]/g;

/**
 * Whether a name has invisible characters, or no visible ones. Variation selectors and joiners are allowed where they
 * have an effect: after a symbol, or between letters or symbols.
 */
function hasInvisible(name: string): boolean {
  const shown = name
    .replace(turningMarks, '')
    .replace(/(?<=[\p{S}\p{N}\p{P}])(?:\uFE0E|\uFE0F)/gu, '')
    .replace(/(?<=[\p{L}\p{M}\p{S}])(?:\u200C|\u200D)(?=[\p{L}\p{M}\p{S}])/gu, '');
  return /[\p{Default_Ignorable_Code_Point}\u2800]/u.test(shown) || !/[\p{L}\p{N}\p{P}\p{S}]/u.test(shown);
}

/** Text in NFC that can be stored and shown as it is; lengths are in characters, not in UTF-16 units. */
function boundedText(min: number, max: number) {
  const bounds = min === 0 ? `at most ${max}` : `${min} to ${max}`;
  return z
    .string()
    .normalize('NFC')
    .refine((text) => within([...text].length, { min, max }), `must have ${bounds} characters`)
    .refine(
      (text) => text.isWellFormed() && !/[^\P{Cc}\n\t]|\uFFFD/u.test(text),
      'must not contain control characters or characters that could not be read',
    )
    .refine(
      (text) => text.search(turningMarks) === -1,
      'must not contain marks that turn the direction of what follows',
    )
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
