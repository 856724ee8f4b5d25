// Events, look-ups and account deletion, through the gateway of the whole platform.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PlayerEvent } from '../../lib/client/events.ts';
import { GatewayError } from '../../lib/client/gateway-error.ts';
import { mailedAccountCode } from '../support/client/mailed-code.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

let stack: TestStack;
let ada: TestClient;
let boris: TestClient;
beforeAll(async () => {
  stack = await startTestStack();
  [ada, boris] = await Promise.all([stack.signIn('ada'), stack.signIn('boris')]);
});
afterAll(() => stack?.stop());

async function ok(client: TestClient, messageType: string, payload: object): Promise<Record<string, string>> {
  const { resultCode, payload: result } = await client.execute(messageType, payload);
  expect({ resultCode, result }).toMatchObject({ resultCode: 'ok' });
  return result as Record<string, string>;
}

/** Opens a player's stream, and records its events, but for that of its own session, and how it ends. */
async function listen(client: TestClient) {
  const events: PlayerEvent[] = [];
  const opened = Promise.withResolvers<void>();
  const stop = new AbortController();
  const isOfOwnSession = ({ payload }: PlayerEvent) =>
    'device_session_id' in payload && payload.device_session_id === client.session.deviceSessionId;
  const follow = async () => {
    for await (const message of client.events({ signal: stop.signal })) {
      if (message.kind === 'hello') opened.resolve();
      else if (!isOfOwnSession(message)) events.push(message);
    }
  };
  const ended = follow().then(
    () => 'stopped',
    (error: unknown) => (error instanceof GatewayError ? error.reason : String(error)),
  );
  await opened.promise;
  return { events, ended, stop: () => stop.abort() };
}

async function openGame(owner: TestClient, name: string): Promise<string> {
  const { game_id: gameId = '' } = await ok(owner, 'lobby.game.create', {
    game_type: 'public',
    game_name: name,
    min_players: 2,
    max_players: 4,
    engine_family: 'star-conquest',
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_schedule: '0 18 * * *',
    time_zone: 'Europe/Berlin',
    target_engine_version: '1.0.0',
  });
  await ok(owner, 'lobby.game.open_enrollment', { game_id: gameId });
  return gameId;
}

const soon = (assertion: () => void) => vi.waitFor(assertion, { timeout: 20_000 });

describe('players', () => {
  it('receive decisions about them as signed events', async () => {
    const [owner, applicant] = [await listen(ada), await listen(boris)];
    const gameId = await openGame(ada, 'Andromeda');
    const { application_id: applicationId } = await ok(boris, 'lobby.application.submit', {
      game_id: gameId,
      race_name: 'Orions',
    });
    await ok(ada, 'lobby.application.approve', { application_id: applicationId });
    await ok(ada, 'lobby.game.cancel', { game_id: gameId });

    const about = { game_id: gameId, game_name: 'Andromeda' };
    const application = { application_id: applicationId, user_id: boris.session.userId, race_name: 'Orions' };
    await soon(() => expect(applicant.events.length).toBe(2));
    expect(applicant.events.map(({ eventType, payload }) => [eventType, payload])).toMatchObject([
      ['lobby.application.approved', { ...about, ...application }],
      ['lobby.game.cancelled', { ...about, status: 'cancelled' }],
    ]);
    await soon(() => expect(owner.events.length).toBe(2));
    expect(owner.events.map(({ eventType, payload }) => [eventType, payload])).toMatchObject([
      ['lobby.application.submitted', { ...about, ...application }],
      ['lobby.game.cancelled', { ...about, status: 'cancelled' }],
    ]);
    owner.stop();
    applicant.stop();
    expect(await Promise.all([owner.ended, applicant.ended])).toEqual(['stopped', 'stopped']);
  });

  it('hear of a sign-in on another device, by event and mail, and see it among their sessions', async () => {
    const stream = await listen(ada);
    const { email = '' } = await ok(ada, 'user.account.get', {});
    const { deviceSessionId } = (await stack.signIn('ada', email)).session;
    await soon(() => expect(stream.events.length).toBe(1));
    expect(stream.events[0]).toMatchObject({
      eventType: 'user.session.created',
      payload: { device_session_id: deviceSessionId, created_at: expect.any(String) },
    });
    const { items } = await ok(ada, 'user.session.list', {});
    const shown = { network: '127.0.0.0/24', device_name: 'test', last_used_at: expect.any(String) };
    expect(items).toMatchObject([
      { device_session_id: deviceSessionId, ...shown },
      { device_session_id: ada.session.deviceSessionId, ...shown },
    ]);
    const mails = (await stack.logs()).split('\n').filter((line) => line.includes('New sign-in'));
    expect(mails.filter((line) => line.includes(email))).toHaveLength(2);
    stream.stop();
    expect(await stream.ended).toBe('stopped');
  });

  it('find each other by their handles', async () => {
    const handle = `boris-${randomUUID().slice(0, 8)}`;
    await ok(boris, 'user.account.update', { handle, display_name: 'Boris' });
    expect(await ok(ada, 'user.player.lookup', { handle })).toEqual({
      user_id: boris.session.userId,
      handle,
      display_name: 'Boris',
    });
    const { resultCode } = await ada.execute('user.player.lookup', { handle: 'nobody-of-that-name' });
    expect(resultCode).toBe('not_found');
  });

  it('who lost their device and their mailbox get their account back by recovery codes, at another address', async () => {
    const dora = await stack.signIn('dora');
    const { email: lostEmail = '' } = await ok(dora, 'user.account.get', {});
    const { challenge_id } = await ok(dora, 'user.recovery_codes.start', {});
    const code = await mailedAccountCode(stack, lostEmail, 'recovery_codes');
    const stream = await listen(dora);
    const created = await ok(dora, 'user.recovery_codes.create', { challenge_id, code });
    const [first = '', second = ''] = created.recovery_codes as unknown as string[];

    const found = stack.newClient();
    await found.recover(lostEmail, first, 'a new phone');
    expect(found.session.userId).toBe(dora.session.userId);
    await soon(() =>
      expect(stream.events.map(({ eventType }) => eventType)).toEqual([
        'user.recovery_codes.created',
        'user.session.created',
        'user.recovery_code.used',
      ]),
    );
    const again = stack.newClient().recover(lostEmail, first, 'a thief');
    await expect(again).rejects.toMatchObject({ status: 422, code: 'challenge_failed' });

    const newEmail = `found-${randomUUID()}@example.com`;
    const { email_change_id } = await ok(found, 'user.email.start_change', { new_email: newEmail });
    const new_code = await mailedAccountCode(stack, newEmail, 'take_address');
    const changed = { email_change_id, recovery_code: second, new_code };
    expect(await ok(found, 'user.email.confirm_change', changed)).toMatchObject({ email: newEmail });
    expect(await stream.ended).toBe('SESSION_REVOKED');
    expect(await ok(found, 'user.recovery_codes.get', {})).toEqual({ recovery_codes_left: 8 });
    expect((await stack.signIn('dora', newEmail)).session.userId).toBe(dora.session.userId);
  });

  it('who delete their account lose all sessions at once, and their games are cancelled', async () => {
    const clara = await stack.signIn('clara');
    const gameId = await openGame(clara, 'Clara’s game');
    const stream = await listen(clara);
    expect(await ok(clara, 'user.account.delete', {})).toEqual({
      user_id: clara.session.userId,
      deleted_at: expect.any(String),
    });
    expect(await stream.ended).toBe('SESSION_REVOKED');
    await expect(clara.execute('user.account.get', {})).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    await vi.waitFor(
      async () =>
        expect(await ok(ada, 'lobby.game.get', { game_id: gameId })).toMatchObject({ status: 'cancelled' }),
      { timeout: 20_000 },
    );
  });
});
