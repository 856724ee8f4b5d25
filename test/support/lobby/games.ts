// What players do in the lobby, in one line each; every verb fails when the lobby refuses.
import { expect } from 'vitest';
import type { Answer, Client } from './lobby.ts';

/** A game that can be made, a month before its deadline on the clock of createTestLobby. */
export const gameBody = {
  game_type: 'public',
  game_name: 'Orion Arm',
  description: 'Slow and friendly.',
  min_players: 2,
  max_players: 4,
  start_gap_hours: 24,
  start_gap_players: 0,
  enrollment_ends_at: '2031-06-01T12:00:00.000Z',
  turn_schedule: '0 20 * * 1-5',
  time_zone: 'Europe/Berlin',
  target_engine_version: '1.4.0',
};

type ClockSetting = 'turn_seconds' | 'min_turn_seconds' | 'quiet_days' | 'grace_seconds' | 'early';
type Setting =
  | keyof typeof gameBody
  | ClockSetting
  | 'auto_approve'
  | 'spectators'
  | 'options'
  | 'engine_family';
export type GameChanges = Partial<Record<Setting, unknown>>;

export async function makeDraft(owner: Client, changes: GameChanges = {}): Promise<string> {
  return field(await owner.post('/games', { body: { ...gameBody, ...changes } }), 'game_id');
}

export async function makeOpenGame(owner: Client, changes: GameChanges = {}): Promise<string> {
  const gameId = await makeDraft(owner, changes);
  expect(await owner.post(`/games/${gameId}/open-enrollment`)).toMatchObject({ status: 200 });
  return gameId;
}

/** @returns the id of the application. */
export async function apply(player: Client, gameId: string, raceName: string): Promise<string> {
  const body = { race_name: raceName };
  return field(await player.post(`/games/${gameId}/applications`, { body }), 'application_id');
}

export async function approve(manager: Client, applicationId: string): Promise<void> {
  expect(await manager.post(`/applications/${applicationId}/approve`)).toMatchObject({ status: 200 });
}

export async function join(player: Client, manager: Client, gameId: string, raceName: string): Promise<void> {
  await approve(manager, await apply(player, gameId, raceName));
}

/** The values of a field of every item of a list. */
export function column(answer: Answer, name: string): unknown[] {
  expect(answer).toMatchObject({ status: 200, body: { items: expect.any(Array) } });
  const { items } = answer.body as { items: Record<string, unknown>[] };
  return items.map((item) => item[name]);
}

/** A text field of an answer that is a success. */
export function field(answer: Answer, name: string): string {
  expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status);
  const value = (answer.body as Record<string, unknown>)[name];
  if (typeof value !== 'string') throw new Error(`${name} is not a text in ${JSON.stringify(answer.body)}`);
  return value;
}

/** The answer of a refusal with exactly this body. */
export function refusal(status: number, code: string, message: string, details?: Record<string, unknown>) {
  const error = { code, message, ...(details === undefined ? {} : { details }) };
  return { status, body: { error }, etag: null };
}

export const noSuchGame = refusal(404, 'not_found', 'There is no such game, or it is not for you to see.');
export const noSuchApplication = refusal(
  404,
  'not_found',
  'There is no such application, or it is not for you to see.',
);
export const notTheOwner = refusal(403, 'forbidden', 'Only the owner of the game or an admin can do this.');

export function invalidFields(...fields: { field: string; problem: unknown }[]) {
  return refusal(400, 'invalid_request', 'The request is not valid; see the fields.', { fields });
}
