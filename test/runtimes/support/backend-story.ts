// The requests of gateway, lobby and admins to the backend.
import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { expect, vi } from 'vitest';
import { signInCode } from '../../../infra/local/log-lines.ts';
import { confirmBytes } from '../../../lib/protocol/envelope.ts';
import { field, type Send } from './caller.ts';

export type BackendStage = {
  service: Send;
  admin: Send;
  /** Every text that may contain a mailed code. */
  mailLines: () => readonly string[];
};

export type Player = { readonly userId: string; readonly sessionId: string };

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

const auth = '/api/v1/public/auth';

/** Signs in as a client does, with the code that was mailed. */
export async function signIn(
  { service, mailLines }: BackendStage,
  name: string,
  domain = 'example.com',
): Promise<Player> {
  const email = `${name}@${domain}`;
  const challenge = await service(`${name} asks for a code`, `POST ${auth}/send-email-code`, 202, {
    body: { email, locale: 'en' },
    headers: { 'x-client-address': '203.0.113.7' },
  });
  const challengeId = field(challenge, 'challenge_id');
  const code = await vi.waitFor(
    () => {
      const found = mailLines().flatMap((line) => signInCode(line, challengeId) ?? []);
      return found[0] ?? expect.unreachable(`no code was mailed to ${name}`);
    },
    { timeout: 15_000 },
  );
  // The same key on every runtime, since responses show it.
  const secret = createHash('sha256').update(name).digest();
  const clientPublicKey = ed25519.getPublicKey(secret);
  const proof = ed25519.sign(confirmBytes({ challengeId, clientPublicKey }), secret);
  const confirmation = {
    challenge_id: challengeId,
    client_public_key: base64(clientPublicKey),
    proof: base64(proof),
    time_zone: 'Europe/Berlin',
    device_name: `${name}'s laptop ${'with a long name '.repeat(4)}`,
  };
  const confirm = `POST ${auth}/confirm-email-code`;
  const wrong = code === '00000000' ? '00000001' : '00000000';
  await service(`${name} mistypes it`, confirm, 422, { body: { ...confirmation, code: wrong } });
  const forged = { ...confirmation, code, proof: base64(new Uint8Array(64)) };
  await service(`${name} proves nothing`, confirm, 400, { body: forged });
  const session = await service(`${name} signs in`, confirm, 201, { body: { ...confirmation, code } });
  return { userId: field(session, 'user_id'), sessionId: field(session, 'device_session_id') };
}

export async function playBackend(stage: BackendStage): Promise<Player> {
  const { service, admin } = stage;
  for (const [name, ask] of Object.entries({ service, admin })) {
    await ask(`${name} lives`, 'GET /healthz', 200);
    await ask(`${name} is ready`, 'GET /readyz', 200);
    const stranger = { headers: { authorization: 'Bearer wrong' } };
    await ask(`${name} wants its token`, 'GET /api/v1/internal/users', 401, stranger);
    await ask(`${name} has no such route`, 'GET /nothing', 404);
  }
  const sendCode = `POST ${auth}/send-email-code`;
  await service('fields of a wrong kind', sendCode, 400, { body: { email: 1, locale: 'xx', more: true } });
  await service('no JSON', sendCode, 400, { body: '{"email":' });
  await service('no JSON type', sendCode, 415, { body: 'hello', headers: { 'content-type': 'text/plain' } });
  await service('too large', sendCode, 413, { body: { email: 'x'.repeat(70_000) } });
  for (const domain of ['example-.com', 'пример.рф／x', 'пример\u200D.рф', '１.２.３.４']) {
    await service(`no mail to ${domain}`, sendCode, 400, { body: { email: `ada@${domain}` } });
  }

  const { userId: abroad } = await signIn(stage, 'grace', 'Faß.ПРИМЕР。рф');
  await service('an address in other scripts', 'GET /api/v1/user/account', 200, { as: abroad });

  const player = await signIn(stage, 'ada');
  const as = player.userId;
  await service('session', `GET /api/v1/internal/sessions/${player.sessionId}`, 200);
  await service('unknown session', `GET /api/v1/internal/sessions/${as}`, 404);
  await service('no session id', 'GET /api/v1/internal/sessions/1', 400);
  await service('no user', 'GET /api/v1/user/account', 401);
  await service('account', 'GET /api/v1/user/account', 200, { as });
  const changes = { display_name: 'Ada ✦ Lovelace', locale: 'de' };
  await service('changed account', 'PATCH /api/v1/user/account', 200, { as, body: changes });
  for (const bad of [{ handle: 'Supp0rt' }, { display_name: 'А.dmin' }, { display_name: 'A\u200Dda' }]) {
    await service('a name that cannot be', 'PATCH /api/v1/user/account', 400, { as, body: bad });
  }
  await service('sessions', 'GET /api/v1/user/sessions', 200, { as });
  await service('unknown handle', 'GET /api/v1/user/lookup?handle=nobody-here', 404, { as });
  await service('eligible', `POST /api/v1/internal/users/${as}/lobby-eligibility`, 200);
  await service('unknown user', `POST /api/v1/internal/users/${player.sessionId}/lobby-eligibility`, 200);

  await admin('users', 'GET /api/v1/internal/users?page_size=10', 200);
  await admin('user', `GET /api/v1/internal/users/${as}`, 200);
  await admin('streams', 'GET /api/v1/internal/streams', 200);
  await admin('dead letters', 'GET /api/v1/internal/dead-letters?consumer=notification_intents', 200);
  return player;
}

/** Blocks a player; their session ends, and the rest of the platform is notified. */
export async function blockPlayer({ service, admin }: BackendStage, player: Player): Promise<void> {
  const block = `POST /api/v1/internal/users/${player.userId}/block`;
  await admin('block without a reason', block, 400, { body: {} });
  await admin('block', block, 200, { body: { reason_code: 'cheating' } });
  await service('session of who is blocked', `GET /api/v1/internal/sessions/${player.sessionId}`, 200);
  await service('account of who is blocked', 'GET /api/v1/user/account', 403, { as: player.userId });
}
