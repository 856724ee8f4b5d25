// The operators' console, as operators use it: from the link that enrols a passkey to the audit log.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consoleUrl } from '../../infra/local/stack.ts';
import { add, localSignIn, onBackendDatabase } from '../../infra/operator/invite.ts';
import type { Role } from '../../lib/operators/roles.ts';
import { accessibilityProblems, desktop, launchChromium, phone } from '../support/browser/chromium.ts';
import { TestIssuer } from '../support/oidc-issuer.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

let issuer: TestIssuer;
let stack: TestStack;
let browser: Browser;
beforeAll(async () => {
  issuer = await TestIssuer.start();
  const { client } = issuer;
  const environment = {
    BACKEND_OPERATOR_OIDC_ISSUER: client.issuer,
    BACKEND_OPERATOR_OIDC_CLIENT_ID: client.clientId,
    BACKEND_OPERATOR_OIDC_CLIENT_SECRET: client.clientSecret,
  };
  [stack, browser] = await Promise.all([startTestStack(environment), launchChromium()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await issuer?.close();
});

const url = (path = '/') => `${consoleUrl(stack.listeners)}${path}`;

const onDatabase: <T>(work: Parameters<typeof onBackendDatabase<T>>[1]) => Promise<T> = (work) =>
  onBackendDatabase({ BACKEND_POSTGRES_PRIMARY_DSN: stack.dsn }, work);

const invite = (email: string, roles: Role[]) =>
  onDatabase((deps) => add(deps, { name: email, email, roles }));

/** A page of a browser with a device that makes passkeys, and what the page reports as errors. */
async function openDevice({ scripts = true } = {}): Promise<{ page: Page; reported: string[] }> {
  const context = await browser.newContext({ viewport: desktop, javaScriptEnabled: scripts });
  const page = await context.newPage();
  const reported: string[] = [];
  page.on('pageerror', (error) => reported.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') reported.push(message.text());
  });
  const devTools = await context.newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { page, reported };
}

async function makeGame(name: string): Promise<string> {
  const player = await stack.signIn('zed');
  const { resultCode, payload } = await player.execute('lobby.game.create', {
    game_name: name,
    game_type: 'public',
    min_players: 2,
    max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_seconds: 3_600,
    target_engine_version: '1.0.0',
  });
  expect(resultCode).toBe('ok');
  const gameId = String(payload.game_id);
  await player.execute('lobby.game.open_enrollment', { game_id: gameId });
  return gameId;
}

async function expectClean(page: Page, reported: readonly string[], name: string): Promise<void> {
  expect(await accessibilityProblems(page), name).toEqual([]);
  expect(reported, name).toEqual([]);
}

it('enrols a passkey, signs in with it, cancels a game for a reason, and shows that in the audit log', async () => {
  const { page, reported } = await openDevice();
  const hostile = '<img src=x onerror=alert(1)> Orion';
  const gameId = await makeGame(hostile);
  await page.goto(url(await invite('olga@example.com', ['owner'])));
  await expectClean(page, reported, 'enrol');
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await expectClean(page, reported, 'overview');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expectClean(page, reported, 'sign-in');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  await page.getByRole('link', { name: 'Games', exact: true }).click();
  await page.getByLabel('Words of the name').fill('orion');
  await page.getByRole('button', { name: 'Search' }).click();
  await expectClean(page, reported, 'games');
  await page.getByRole('link', { name: hostile }).click();
  await page.getByRole('heading', { name: hostile }).waitFor();
  await expectClean(page, reported, 'game');
  await page.getByRole('link', { name: 'Cancel this game' }).click();
  await page.getByText('The game ends without a result.').waitFor();
  await expectClean(page, reported, 'cancel-game');
  await page.getByLabel('Reason').fill('spam “reported” by players');
  await page.getByRole('button', { name: 'Cancel the game' }).click();
  await page.getByRole('heading', { name: hostile }).waitFor();
  await page.getByText('enrollment open → cancelled').waitFor();

  await page.getByRole('link', { name: 'Audit log' }).click();
  const row = page.getByRole('row', { name: 'game.cancel' });
  await row.getByText('spam “reported” by players').waitFor();
  expect(await row.innerText()).toContain(gameId);
  expect(await row.innerText()).toContain('olga@example.com');
  await expectClean(page, reported, 'audit');
  const { rows } = await stack.db.query('SELECT before, after FROM lobby.audit_entries');
  expect(rows).toEqual([
    { before: { status: 'enrollment_open', revision: 2 }, after: { status: 'cancelled', revision: 3 } },
  ]);

  await page.getByRole('link', { name: 'Users', exact: true }).click();
  await expectClean(page, reported, 'users');
  await page.getByLabel('E-mail, handle, or an id').fill('zed');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('link', { name: /^zed/ }).click();
  await page.getByRole('cell', { name: hostile }).waitFor();
  await expectClean(page, reported, 'user');
  const user = page.url();
  for (const name of ['Block this user …', 'Delete this user …', 'Change entitlements …', 'Revoke …']) {
    await page.getByRole('link', { name }).click();
    await page.getByLabel('Reason').waitFor();
    await expectClean(page, reported, name);
    await page.goto(user);
  }
  await page.getByRole('link', { name: 'Revoke all sessions …' }).click();
  await page.getByText('1 session ends.').waitFor();
  await page.getByLabel('Reason').fill('a lost laptop');
  await page.getByRole('button', { name: 'Revoke all sessions' }).click();
  await page.locator('#sessions').getByText('revoked').waitFor();

  await page.getByRole('link', { name: 'Names', exact: true }).click();
  await page.getByLabel('Race name').fill('Zorblax');
  await page.getByRole('button', { name: 'Look up' }).click();
  await expectClean(page, reported, 'names');
  await page.getByRole('link', { name: 'Withhold this name …' }).click();
  await expectClean(page, reported, 'withhold-name');
  await page.getByLabel('Reason').fill('a trademark');
  await page.getByRole('button', { name: 'Withhold the name' }).click();
  await page.getByRole('heading', { name: 'Withheld, so that no player can have it' }).waitFor();
  await expectClean(page, reported, 'withheld-name');

  await page.getByRole('link', { name: 'Operators' }).click();
  await expectClean(page, reported, 'operators');
  await page.getByRole('link', { name: 'Add an operator' }).click();
  await expectClean(page, reported, 'add-operator');
}, 120_000);

it('signs in at an issuer, which says no more than who it is', async () => {
  await invite('ines@example.com', ['support']);
  const { page, reported } = await openDevice();
  issuer.person = { sub: 'of-a-stranger', email: 'eve@example.com', email_verified: true };
  await page.goto(url());
  await page.getByRole('link', { name: 'Sign in at' }).click();
  await page.getByRole('alert').waitFor();
  expect(reported.splice(0)).toEqual([expect.stringMatching(/status of 422/)]);
  expect((await page.context().cookies()).map(({ name }) => name)).not.toContain('galaxy-console');

  issuer.person = { sub: 'of-ines', email: 'ines@example.com', email_verified: true };
  await page.goto(url('/sign-in'));
  await expectClean(page, reported, 'sign-in with an issuer');
  await page.getByRole('link', { name: 'Sign in at' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(page.url()).toBe(url());
  expect(await page.getByRole('link', { name: 'Users', exact: true }).count()).toBe(1);
  await page.goto(url('/operators/add'));
  await page.getByLabel('Name').fill('Eve');
  await page.getByLabel('E-mail').fill('eve@example.com');
  await page.getByLabel('Reason').fill('a friend');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText('This needs the permission operators.change; you are support.').waitFor();
  expect(reported.splice(0)).toEqual([expect.stringMatching(/status of 403/)]);
}, 60_000);

it('shows a viewer every page that is theirs, and no way to change anything', async () => {
  await invite('vera@example.com', ['viewer']);
  issuer.person = { sub: 'of-vera', email: 'vera@example.com', email_verified: true };
  const { page, reported } = await openDevice();
  await page.goto(url('/sign-in/oidc'));
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const gameId = await makeGame('Cygnus');
  const offered = await page.getByRole('navigation').getByRole('link').allInnerTexts();
  expect(offered).toEqual(['Overview', 'Games', 'Names', 'Streams', 'Engines', 'Operators', 'Audit log']);
  for (const path of [
    '/',
    '/games',
    `/games/${gameId}`,
    '/names',
    '/streams',
    '/engines',
    '/operators',
    '/audit',
  ]) {
    await page.goto(url(path));
    await expectClean(page, reported, path);
    expect(await page.locator('#actions, form[method="post"]:not([action="/sign-out"])').count(), path).toBe(
      0,
    );
  }
  await page.goto(url(`/games/${gameId}/cancel`));
  await page.getByLabel('Reason').fill('a try');
  await page.getByRole('button', { name: 'Cancel the game' }).click();
  await page.getByText('This needs the permission games.change; you are viewer.').waitFor();
  await page.goto(url(`/games/${gameId}`));
  expect(await page.getByText('enrollment open', { exact: true }).count()).toBeGreaterThan(0);
}, 60_000);

it('works without scripts by a link of this machine, and shows the rest when a service is down', async () => {
  const { page, reported } = await openDevice({ scripts: false });
  await page.goto(url(await onDatabase(localSignIn)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const gameId = await makeGame('Lyra');
  await page.goto(url(`/games/${gameId}/cancel`));
  await page.getByLabel('Reason').fill('a test');
  await page.getByRole('button', { name: 'Cancel the game' }).click();
  await page.getByText('enrollment open → cancelled').waitFor();
  expect(reported).toEqual([]);
}, 60_000);

it('asks for the overview again while it is seen, and shows streams and engines', async () => {
  const { page, reported } = await openDevice();
  await page.clock.install();
  await page.goto(url(await onDatabase(localSignIn)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  let polls = 0;
  page.on('response', (response) => {
    if (response.request().headers()['hx-request'] !== undefined) polls += 1;
  });
  const poll = () => page.waitForResponse((response) => response.url() === url('/'));
  const hide = (value: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    }, value);
  const [first] = await Promise.all([poll(), page.clock.runFor(5_500)]);
  expect(first.status()).toBe(200);
  await hide(true);
  polls = 0;
  await page.clock.runFor(20_000);
  expect(polls).toBe(0);
  await hide(false);
  await Promise.all([poll(), page.clock.runFor(5_500)]);
  await page.clock.resume();

  // Tables that do not fit can be scrolled with keys.
  await page.setViewportSize(phone);
  await page.getByRole('link', { name: 'Streams' }).click();
  await page.getByText('notification:intents').waitFor();
  await expectClean(page, reported, 'streams');
  await page.getByRole('link', { name: 'Engines' }).click();
  await page.getByRole('heading', { name: 'Catalogue' }).waitFor();
  await expectClean(page, reported, 'engines');
}, 60_000);
