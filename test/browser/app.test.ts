// The web app, as people use it: from the sign-in to the end of a game, and everything about their account.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../infra/web/build-app.ts';
import { buildBoards } from '../../infra/web/build-boards.ts';
import { accessibilityProblems, desktop, launchChromium, phone } from '../support/browser/chromium.ts';
import { goTo, openPage, openPerson, type Person, signIn } from '../support/browser/person.ts';
import { mailedAccountCode, mailedCode } from '../support/client/mailed-code.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

let folder: string;
let stack: TestStack;
let browser: Browser;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-web-'));
  const [app, boards] = [join(folder, 'app'), join(folder, 'boards')];
  await Promise.all([buildApp(app), buildBoards(boards)]);
  // A game without a board.
  await rm(join(boards, 'star-conquest'), { recursive: true });
  [stack, browser] = await Promise.all([
    startTestStack({ GATEWAY_APP_FOLDER: app, GATEWAY_BOARDS_FOLDER: boards }),
    launchChromium(),
  ]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const url = () => `http://${stack.listeners.gatewayWeb.host}:${stack.listeners.gatewayWeb.port}/`;

const openApp = (options: BrowserContextOptions = {}) => openPerson(browser, url(), options);

async function openSignedIn(email: string, options: BrowserContextOptions = {}): Promise<Person> {
  const person = await openApp(options);
  await signInHere(person, email);
  return person;
}

const signInHere = (person: Person, email: string) =>
  signIn(person, email, (challengeId) => mailedCode(stack, challengeId));

async function expectClean({ page, reported }: Person): Promise<void> {
  expect(await accessibilityProblems(page)).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(reported).toEqual([]);
}

it('lets two people find each other and play four in a row to the end', async () => {
  // The clock of Bob's device is two hours fast, which changes neither what he signs nor what he is told.
  const [ada, bob] = [
    await openApp(),
    await openApp({ viewport: desktop, locale: 'de-DE', timezoneId: 'Europe/Vienna' }),
  ];
  await bob.page.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() + 7_200_000;
  });
  await bob.page.reload();
  await expectClean(ada);
  await Promise.all([signInHere(ada, 'ada@example.com'), signInHere(bob, 'bob@example.com')]);
  const { rows } = await stack.db.query(
    "SELECT locale, time_zone FROM backend.users WHERE email = 'bob@example.com'",
  );
  expect(rows).toEqual([{ locale: 'de', time_zone: 'Europe/Vienna' }]);
  await expectClean(ada);

  await goTo(ada, 'New game');
  await ada.page.getByLabel('Name of the game').fill('Evening game');
  await ada.page.getByLabel('Your name in this game').fill('Zerg');
  await ada.page.getByText('The first turns would be due').waitFor();
  await ada.page.getByText('This name is free.').waitFor();
  await ada.page.getByRole('button', { name: 'Make the game' }).click();
  await ada.page.getByRole('heading', { name: 'Evening game' }).waitFor();

  await goTo(bob, 'Spiele finden');
  await bob.page.getByRole('link', { name: 'Evening game' }).click();
  await bob.page.getByLabel('Dein Name in diesem Spiel').fill('Protoss');
  await bob.page.getByRole('button', { name: 'Bewerben' }).click();
  await bob.page.getByText('Du hast dich als Protoss beworben.').waitFor();

  await goTo(ada, 'My games');
  await ada.page.getByRole('status', { name: 'News' }).getByText('Protoss would like to play').click();
  await ada.page.getByRole('button', { name: 'Accept: Protoss' }).click();
  await ada.page.getByRole('button', { name: 'Start the game' }).click();
  await ada.board.getByText('Your turn: choose a column.').waitFor({ timeout: 40_000 });
  await bob.board.getByText('Warten auf Zerg.').waitFor({ timeout: 20_000 });
  await bob.page.getByText('23 Std. 59 Min.').waitFor();
  await expectClean(ada);
  await expectClean(bob);

  const moves = [4, 4, 3, 3, 5, 5, 2];
  for (const [index, column] of moves.entries()) {
    const { board } = index % 2 === 0 ? ada : bob;
    await board.getByText(index % 2 === 0 ? 'Your turn' : 'Du bist am Zug').waitFor();
    await board
      .locator('button.column')
      .nth(column - 1)
      .click();
  }
  await ada.board.getByText('You have won! Four in a row.').waitFor();
  await bob.board.getByText('Zerg hat gewonnen. Vier in einer Reihe.').waitFor();
  await ada.page.getByRole('heading', { name: 'Result' }).waitFor();
  await expectClean(ada);
  await expectClean(bob);

  // Who did well may keep the name.
  await goTo(ada, 'Account');
  await ada.page.getByRole('link', { name: 'Race names' }).click();
  await ada.page.getByRole('button', { name: 'Keep it: Zerg' }).click();
  await ada.page.getByRole('heading', { name: 'Yours for good' }).waitFor();
  await expectClean(ada);
}, 120_000);

/** Presses Tab until an element has the focus. */
async function tabTo(person: Person, target: Locator): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if (await target.evaluate((element) => element.matches(':focus'))) return;
    await person.page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key does not lead to ${target}`);
}

it('can be played by keyboard alone, against a bot', async () => {
  const eve = await openSignedIn('eve@example.com', { viewport: desktop });
  const { page, board } = eve;
  const type = async (label: string, text: string) => {
    await tabTo(eve, page.getByLabel(label, { exact: true }));
    await page.keyboard.type(text);
  };
  const press = async (name: string) => {
    const button = page.getByRole('button', { name });
    await button.waitFor({ timeout: 40_000 });
    await tabTo(eve, button);
    await page.keyboard.press('Enter');
  };
  await tabTo(eve, page.getByRole('navigation').getByRole('link', { name: 'New game' }));
  await page.keyboard.press('Enter');
  await type('Name of the game', 'By keyboard');
  await type('Your name in this game', 'Vi');
  await page.keyboard.type('m');
  // A bot takes a seat, and gives it back when it is gone.
  await type('Bots', '1');
  await expect.poll(() => page.getByLabel('Players at most').inputValue()).toBe('1');
  await page.keyboard.press('Backspace');
  await expect.poll(() => page.getByLabel('Players at most').inputValue()).toBe('2');
  await page.keyboard.type('1');
  await press('Make the game');
  await press('Start the game');

  await board.getByText('Your turn: choose a column.').waitFor({ timeout: 40_000 });
  await tabTo(eve, board.getByRole('button', { name: 'Column 1' }));
  const isOver = page.getByRole('heading', { name: 'Result' });
  for (let turn = 1; (await isOver.count()) === 0; turn++) {
    const labels = await board
      .locator('button.column')
      .evaluateAll((columns) => columns.map((column) => column.ariaLabel));
    // Nobody is faster. Turns of some milliseconds would exceed the limits of a session.
    await page.waitForTimeout(500);
    await page.keyboard.press(String(labels.findIndex((label) => !label?.includes('full')) + 1));
    await page.keyboard.press('Enter');
    await page
      .getByText(`Turn ${turn + 1}`)
      .or(isOver)
      .first()
      .waitFor();
  }
  expect(eve.reported).toEqual([]);
}, 120_000);

it('lets players look after their account, and several people use one browser', async () => {
  const email = 'otto@example.com';
  const [old, other] = [await openSignedIn(email), await stack.signIn('otto', email)];
  const { page } = old;
  await goTo(old, 'Account');
  await page.getByLabel('Handle').fill('otto');
  await page.getByLabel('Name that is shown').fill('Otto');
  await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  expect(await other.user.account.get()).toMatchObject({
    handle: 'otto',
    display_name: 'Otto',
    time_zone: 'Asia/Tokyo',
  });

  await page.getByLabel('Turns that wait for you').click();
  await expect
    .poll(async () => (await other.user.mailOptOuts.get()).opted_out.toSorted())
    .toEqual(['game.turn.due_soon', 'game.turn.waiting_for_you', 'lobby.game.turn_advanced']);

  await page.getByRole('button', { name: 'Sign out: test' }).click();
  await expect.poll(() => page.getByRole('listitem').filter({ hasText: 'test' }).count()).toBe(0);
  await expect(other.user.account.get()).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });

  await page.getByRole('button', { name: 'Make new codes' }).click();
  await page.getByLabel('Code from the mail').fill(await mailedAccountCode(stack, email, 'recovery_codes'));
  await page.getByRole('button', { name: 'Show the codes' }).click();
  await page.getByText('Codes left: 10').waitFor();
  const [first = '', second = ''] = await page.locator('.codes li').allTextContents();

  const moved = 'otto.new@example.com';
  await page.getByLabel('New address').fill(moved);
  await page.getByRole('button', { name: 'Change the address' }).click();
  await page.getByLabel('Code from your address').fill(first);
  await page
    .getByLabel('Code from the new address')
    .fill(await mailedAccountCode(stack, moved, 'take_address'));
  await page.getByRole('button', { name: 'Change the address' }).click();
  await page.getByText(`E-mail address: ${moved}`).waitFor();
  await page.getByText('Codes left: 9').waitFor();
  await expectClean(old);

  // The stream of a person who leaves the tab ends.
  const streamEnds = page.waitForEvent('requestfailed', (request) =>
    request.url().endsWith('SubscribeEvents'),
  );
  await page.getByRole('button', { name: 'Another person on this machine' }).click();
  await streamEnds;
  await signInHere(old, 'pia@example.com');
  await goTo(old, 'Account');
  await page.getByText('E-mail address: pia@example.com').waitFor();
  await page.getByRole('button', { name: 'Another person on this machine' }).click();
  await page.getByRole('button', { name: 'Go on as pia@example.com' }).waitFor();
  await page.getByRole('button', { name: `Go on as ${moved}` }).click();
  await goTo(old, 'Account');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('button', { name: 'Go on as pia@example.com' }).waitFor();
  expect(await page.getByRole('button', { name: 'Go on as' }).count()).toBe(1);

  await page.getByRole('button', { name: 'I cannot read my mails' }).click();
  await page.getByLabel('E-mail address').fill(moved);
  await page.getByLabel('Recovery code').fill(second);
  await page.getByRole('button', { name: 'Sign in with the code' }).click();
  await goTo(old, 'Account');
  await page.getByRole('button', { name: 'Delete the account' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect((await stack.db.query('SELECT 1 FROM backend.users WHERE email = $1', [moved])).rowCount).toBe(0);
  expect(old.reported.filter((line) => !line.includes('status of'))).toEqual([]);
}, 120_000);

/** Would run script if it were taken for HTML. */
const hostile = (where: string) => `<img src=x onerror="xss='${where}'">`;

it('shows every name that players can choose as text', async () => {
  const [mia, ned] = [await openSignedIn('mia@example.com'), stack.newClient()];
  const challengeId = await ned.sendEmailCode('ned@example.com');
  await ned.confirmEmailCode(challengeId, await mailedCode(stack, challengeId), hostile('device'));
  await ned.user.account.update({ handle: 'ned', display_name: hostile('display') });
  const { game_id } = await ned.lobby.game.create({
    game_type: 'private',
    game_name: hostile('name'),
    description: hostile('description'),
    min_players: 2,
    max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_seconds: 86_400,
    spectators: true,
    engine_family: 'four-in-a-row',
    target_engine_version: '1.0.0',
  });
  await ned.lobby.game.openEnrollment({ game_id });
  await ned.lobby.application.submit({ game_id, race_name: "O'Neill" });
  const { userId } = await mia.page.evaluate(async () => {
    const [entry] = await new Promise<{ session: { userId: string } }[]>((resolve) => {
      const opening = indexedDB.open('galaxy-client', 1);
      opening.onsuccess = () => {
        const all = opening.result.transaction('sessions').objectStore('sessions').getAll();
        all.onsuccess = () => resolve(all.result);
      };
    });
    return entry?.session ?? { userId: '' };
  });
  await ned.lobby.invite.create({ game_id, user_id: userId });

  const { page, board } = mia;
  await page.getByRole('status', { name: 'News' }).getByText(hostile('name')).click();
  await page.getByText(hostile('description')).waitFor();
  await page.getByLabel('Your name in this game').fill(hostile('race'));
  await page.locator('.problem').waitFor();
  await page.getByLabel('Your name in this game').fill('Miranda');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await expect.poll(async () => (await ned.lobby.game.get({ game_id })).status).toBe('ready_to_start');
  await ned.lobby.game.start({ game_id });
  await board.getByText("O'Neill", { exact: false }).first().waitFor({ timeout: 40_000 });

  const pages = ['#/', '#/find', '#/create', '#/names', '#/account', `#/games/${game_id}`];
  for (const fragment of [
    ...pages,
    `#/invite/${encodeURIComponent(hostile('code'))}`,
    `#/${hostile('page')}`,
  ]) {
    await openPage(mia, fragment);
    expect(await page.locator('img:not([src="/icon.svg"])').count()).toBe(0);
  }
  expect(await page.evaluate(() => globalThis.xss)).toBeUndefined();
  expect(
    await page
      .frames()
      .at(-1)
      ?.evaluate(() => globalThis.xss),
  ).toBeUndefined();
}, 120_000);

it('has main pages that axe finds nothing wrong with, that stay still and fit every screen', async () => {
  const maker = await stack.signIn('maker');
  const { game_id } = await maker.lobby.game.create({
    game_type: 'public',
    game_name: 'Long evening',
    description: 'For those who like to think. '.repeat(10),
    min_players: 1,
    max_players: 1,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_seconds: 86_400,
    spectators: true,
    options: { bots: 1 },
    engine_family: 'four-in-a-row',
    target_engine_version: '1.0.0',
  });
  await maker.lobby.game.openEnrollment({ game_id });
  const looks: BrowserContextOptions[] = [
    { viewport: phone, locale: 'ru-RU', colorScheme: 'light' },
    { viewport: desktop, locale: 'de-DE', colorScheme: 'dark' },
  ];
  const people = await Promise.all(
    looks.map((look, index) => openSignedIn(`look-${index}@example.com`, look)),
  );
  const visit = async (fragments: readonly string[]) => {
    for (const person of people) {
      for (const fragment of fragments) {
        await openPage(person, fragment);
        await expectClean(person);
        const shift = await person.page.evaluate(() => globalThis.layoutShift);
        expect(shift, `the layout shift of ${fragment}`).toBeLessThanOrEqual(0.02);
      }
    }
  };
  await visit(['#/', '#/find', '#/create', '#/names', '#/account', `#/games/${game_id}`]);
  await maker.lobby.application.submit({ game_id, race_name: 'Maker' });
  await maker.lobby.game.start({ game_id });
  await maker
    .game(game_id)
    .onTurn(() => Promise.reject(new Error('open')))
    .catch(() => undefined);
  await visit([`#/games/${game_id}`]);
}, 120_000);

it('plays a game that has no board by a form', async () => {
  const zoe = await openSignedIn('zoe@example.com', { viewport: desktop });
  const { page } = zoe;
  await goTo(zoe, 'New game');
  await page.getByLabel('Star conquest').check();
  await page.getByLabel('Name of the game').fill('No board');
  await page.getByLabel('Your name in this game').fill('Zoe');
  await page.getByLabel('Bots').fill('1');
  await page.getByLabel('Players at least').fill('1');
  await page.getByLabel('Players at most').fill('2');
  await page.getByRole('button', { name: 'Make the game' }).click();
  await page.getByRole('button', { name: 'Take no more players' }).click();
  await page.getByRole('button', { name: 'Take players again' }).click();
  await page.getByRole('button', { name: 'Take no more players' }).click();
  await page.getByText('History of the game').click();
  await page.getByText('Ready to start → Takes players').waitFor();
  await page.getByRole('button', { name: 'Start the game' }).click();
  const form = page.getByRole('form', { name: 'Orders' });
  await form.waitFor({ timeout: 40_000 });
  // The browser reports that there is no board.
  expect(zoe.reported.splice(0)).toEqual([expect.stringContaining('404')]);
  await form.getByRole('button', { name: 'Add: Send' }).click();
  await form.getByLabel('From').fill('1');
  await form.getByLabel('To', { exact: true }).fill('9999');
  await form.getByLabel('Ships').fill('1');
  await form.getByRole('button', { name: 'Save as a draft' }).click();
  // What is wrong is shown at its field.
  await form.locator('.problem').first().waitFor();
  await expectClean(zoe);
  await form.getByRole('button', { name: 'Remove: Send 1' }).click();
  await form.getByRole('button', { name: 'I am ready' }).click();
  await page.getByText('Turn 2').waitFor();

  await page.getByRole('button', { name: 'Earlier turns' }).click();
  await page.getByText('The beginning').waitFor();
  expect(await form.count()).toBe(0);
  await page.getByRole('button', { name: 'Later turn' }).click();
  await form.waitFor();
  expect(zoe.reported).toEqual([]);
}, 120_000);
