// Sign-in of operators at an OpenID Connect issuer, over HTTP, from the console through a real backend to a real issuer.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConsoleApp } from '../../handlers/console/env.ts';
import { addOperator } from '../../lib/backend/operations/operators/add-operator.ts';
import { disableOperator, resetOperator } from '../../lib/backend/operations/operators/change-operator.ts';
import type { Listener } from '../../lib/node/http-listener.ts';
import { startTestBackend, type TestBackend } from '../support/backend/backend.ts';
import { consoleAt, listen, publicUrl, setClock } from '../support/console.ts';
import { TestIssuer } from '../support/oidc-issuer.ts';

let issuer: TestIssuer;
let backend: TestBackend;
let listener: Listener;
let app: ConsoleApp;
beforeAll(async () => {
  issuer = await TestIssuer.start();
  backend = await startTestBackend({ oidc: issuer.client });
  listener = await listen(backend.adminApp);
  app = consoleAt({ backend: `http://127.0.0.1:${listener.port}` });
});
beforeEach(() => setClock(backend));
afterAll(async () => {
  await listener?.close(0);
  await Promise.all([backend?.close(), issuer?.close()]);
});
afterEach(() => {
  issuer.misbehaviour = {};
});

const deps = () => ({ db: backend.db, now: backend.now, newId: () => crypto.randomUUID() });
const commandLine = { actor: { kind: 'admin', adminId: undefined }, requestId: 'test' } as const;

/** An operator, and who the issuer says that they are. */
async function newOperator() {
  const email = `${crypto.randomUUID()}@example.com`;
  const { operator } = await addOperator(deps(), commandLine, { name: 'Olga', email, roles: ['viewer'] });
  return { operator, person: { sub: crypto.randomUUID(), email, email_verified: true } };
}

const get = (path: string, cookie?: string) =>
  app.request(path, { headers: cookie === undefined ? {} : { cookie } });

const cookieIn = (response: Response, name: string) =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .find((pair) => pair.startsWith(`${name}=`) && !pair.endsWith('='));

/** A browser that has been to the issuer: its cookie, and the path at which the issuer sends it back. */
async function visitIssuer(): Promise<{ cookie: string; callback: string }> {
  const begun = await get('/sign-in/oidc');
  expect(begun.status).toBe(303);
  const [attributes = ''] = begun.headers.getSetCookie();
  expect(attributes).toMatch(/^galaxy-console-oidc=.*HttpOnly; SameSite=Lax$/);
  const there = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  const back = new URL(there.headers.get('location') ?? '');
  expect(back.origin).toBe(publicUrl);
  return { cookie: cookieIn(begun, 'galaxy-console-oidc') ?? '', callback: `${back.pathname}${back.search}` };
}

async function signIn(): Promise<Response> {
  const { cookie, callback } = await visitIssuer();
  return get(callback, cookie);
}

async function expectRefused(response: Response, status = 422): Promise<string> {
  expect(response.status).toBe(status);
  expect(cookieIn(response, 'galaxy-console')).toBeUndefined();
  return response.text();
}

const counts = async () => {
  const { rows } = await backend.pool.query(
    `SELECT (SELECT count(*)::int FROM backend.operator_sessions) AS sessions,
            (SELECT count(*)::int FROM backend.operator_identities) AS identities`,
  );
  return rows[0];
};

describe('an operator whose address the issuer has verified', () => {
  it('signs in, and is known by their account from then on', async () => {
    const { operator, person } = await newOperator();
    issuer.person = person;
    const response = await signIn();
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    const cookie = cookieIn(response, 'galaxy-console');
    expect(await (await get('/', cookie)).text()).toContain('Olga');
    const { rows } = await backend.pool.query(
      'SELECT issuer, subject FROM backend.operator_identities WHERE operator_id = $1',
      [operator.operatorId],
    );
    expect(rows).toEqual([{ issuer: issuer.client.issuer, subject: person.sub }]);
    issuer.person = { sub: person.sub, email: 'another@example.com', email_verified: false };
    expect((await signIn()).status).toBe(303);
  });

  it('signs in when the issuer tells the address only when it is asked', async () => {
    issuer.person = (await newOperator()).person;
    issuer.misbehaviour = { emailApart: true };
    expect((await signIn()).status).toBe(303);
  });

  it('is not signed in by another account that gets their address later', async () => {
    const { person } = await newOperator();
    issuer.person = person;
    expect((await signIn()).status).toBe(303);
    const before = await counts();
    issuer.person = { ...person, sub: 'a new employee' };
    await expectRefused(await signIn());
    expect(await counts()).toEqual(before);
  });

  it('binds another account after a reset', async () => {
    const { operator, person } = await newOperator();
    issuer.person = person;
    expect((await signIn()).status).toBe(303);
    await resetOperator(deps(), commandLine, operator.operatorId);
    issuer.person = { ...person, sub: crypto.randomUUID() };
    expect((await signIn()).status).toBe(303);
  });
});

describe('an account of the issuer', () => {
  it.each([
    ['whose address is not verified', { email_verified: false }],
    ['of which the issuer does not say whether its address is verified', { email_verified: undefined }],
    ['whose address counts as verified by its text alone', { email_verified: 'true' }],
    ['without an address', { email: undefined }],
    ['of nobody who is an operator', { email: 'stranger@example.com' }],
  ])('%s signs nobody in, and is bound to nobody', async (_, claims) => {
    issuer.person = (await newOperator()).person;
    issuer.misbehaviour = { claims };
    if ('email' in claims && claims.email === undefined) issuer.person = { sub: 'no address' };
    const before = await counts();
    expect(await expectRefused(await signIn())).toContain('no operator may sign in with this account');
    expect(await counts()).toEqual(before);
  });

  it('of a disabled operator signs nobody in, bound or not', async () => {
    const bound = await newOperator();
    issuer.person = bound.person;
    expect((await signIn()).status).toBe(303);
    const fresh = await newOperator();
    await newOperator();
    await backend.pool.query(`UPDATE backend.operators SET roles = '{owner}' WHERE operator_id <> ALL($1)`, [
      [bound.operator.operatorId, fresh.operator.operatorId],
    ]);
    for (const { operator, person } of [bound, fresh]) {
      await disableOperator(deps(), commandLine, operator.operatorId);
      issuer.person = person;
      await expectRefused(await signIn());
    }
  });
});

describe('a token of the issuer is refused', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  it.each([
    ['for another client', () => ({ claims: { aud: 'another client' } })],
    ['of another issuer', () => ({ claims: { iss: 'https://issuer.example.com' } })],
    ['without a signature', () => ({ unsigned: true })],
    ['signed with another key', () => ({ otherKey: true })],
    ['that has expired', () => ({ claims: { iat: now() - 600, exp: now() - 60 } })],
    ['that is not valid yet', () => ({ claims: { nbf: now() + 600 } })],
    ['for another sign-in', () => ({ claims: { nonce: 'of another sign-in' } })],
    ['for no sign-in', () => ({ claims: { nonce: undefined } })],
  ])('%s', async (_, misbehaviour) => {
    issuer.person = (await newOperator()).person;
    issuer.misbehaviour = misbehaviour();
    const before = await counts();
    expect(await expectRefused(await signIn())).toContain('was not completed');
    expect(await counts()).toEqual(before);
  });

  it('but not for a clock that differs by seconds', async () => {
    issuer.person = (await newOperator()).person;
    issuer.misbehaviour = { claims: { iat: now() + 5, nbf: now() + 5, exp: now() - 5 } };
    expect((await signIn()).status).toBe(303);
  });
});

describe('the way back from the issuer', () => {
  it('works once, and only in the browser that began', async () => {
    issuer.person = (await newOperator()).person;
    const { cookie, callback } = await visitIssuer();
    await expectRefused(await get(callback));
    expect((await get(callback, cookie)).status).toBe(303);
    await expectRefused(await get(callback, cookie));
  });

  it('is refused with the state of another browser, which then has to begin again', async () => {
    issuer.person = (await newOperator()).person;
    const [victim, attacker] = [await visitIssuer(), await visitIssuer()];
    await expectRefused(await get(attacker.callback, victim.cookie));
    await expectRefused(await get(victim.callback, victim.cookie));
    expect((await get(attacker.callback, attacker.cookie)).status).toBe(303);
  });

  it.each([
    ['a code that the issuer never gave', (callback: string) => callback.replace(/code=[^&]*/, 'code=guess')],
    ['no code', (callback: string) => callback.replace(/code=[^&]*&/, '')],
    ['no state', (callback: string) => callback.replace(/&state=.*/, '')],
    ['two codes', (callback: string) => `${callback}&code=another`],
    ['an error', (callback: string) => callback.replace(/code=[^&]*/, 'error=access_denied')],
    ['another issuer', (callback: string) => `${callback}&iss=https%3A%2F%2Fissuer.example.com`],
  ])('is refused with %s', async (_, changed) => {
    issuer.person = (await newOperator()).person;
    const { cookie, callback } = await visitIssuer();
    await expectRefused(await get(changed(callback), cookie));
  });

  it('is refused with a query that no issuer sends', async () => {
    const { cookie, callback } = await visitIssuer();
    await expectRefused(await get(`${callback}&more=${'a'.repeat(9_000)}`, cookie), 400);
  });

  it('is refused after ten minutes', async () => {
    issuer.person = (await newOperator()).person;
    const { cookie, callback } = await visitIssuer();
    backend.advance(600_000);
    await expectRefused(await get(callback, cookie));
    backend.advance(-600_000);
  });

  it('ends the session that the browser had, and opens one that nobody knew before', async () => {
    issuer.person = (await newOperator()).person;
    const first = cookieIn(await signIn(), 'galaxy-console');
    const { cookie, callback } = await visitIssuer();
    const second = cookieIn(await get(callback, `${cookie}; ${first}`), 'galaxy-console');
    expect(second).not.toBe(first);
    expect((await get('/', first)).status).toBe(303);
    expect((await get('/', second)).status).toBe(200);
  });
});

describe('an issuer', () => {
  it('that is down is named as such, and passkeys still work', async () => {
    issuer.person = (await newOperator()).person;
    const { cookie, callback } = await visitIssuer();
    await issuer.close();
    const page = await get(callback, cookie);
    expect(await expectRefused(page, 503)).toContain('The issuer does not respond');
    const headers = { origin: publicUrl, 'content-type': 'application/json' };
    const passkeys = await app.request('/sign-in/begin', { method: 'POST', headers, body: '{}' });
    expect(passkeys.status).toBe(200);
    expect(await (await get('/sign-in')).text()).toContain('Sign in with a passkey');
    await issuer.listen();
    expect((await signIn()).status).toBe(303);
  });

  it('that fails is no reason to say that the person did something wrong', async () => {
    const { cookie, callback } = await visitIssuer();
    issuer.misbehaviour = { status: 503 };
    await expectRefused(await get(callback, cookie), 503);
  });

  it('need not be up when the backend starts', async () => {
    const down = await TestIssuer.start();
    await down.close();
    const other = await startTestBackend({ oidc: down.client });
    const begin = () =>
      other.adminRequest('POST', '/api/v1/internal/operator-oidc-sign-ins', {
        body: { console_url: publicUrl },
      });
    expect((await begin()).status).toBe(503);
    await down.listen();
    expect((await begin()).status).toBe(201);
    await Promise.all([other.close(), down.close()]);
  });

  it('is offered on the page where it is configured', async () => {
    expect(await (await get('/sign-in')).text()).toContain('href="/sign-in/oidc"');
    const without = await startTestBackend();
    const methods = await without.adminRequest('GET', '/api/v1/internal/operator-sign-in-methods');
    expect(methods.body).toEqual({});
    const begin = await without.adminRequest('POST', '/api/v1/internal/operator-oidc-sign-ins', {
      body: { console_url: publicUrl },
    });
    expect(begin.status).toBe(404);
    await without.close();
  });
});
