// The web app, as two people on one machine use it: from the sign-in to the end of a game.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { signInCode } from '../../infra/local/log-lines.ts';
import { buildApp } from '../../infra/web/build-app.ts';
import { buildBoards } from '../../infra/web/build-boards.ts';
import { accessibilityProblems, desktop, launchChromium, phone } from '../support/browser/chromium.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

let folder: string;
let stack: TestStack;
let browser: Browser;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-web-'));
  const [app, boards] = [join(folder, 'app'), join(folder, 'boards')];
  await Promise.all([buildApp(app), buildBoards(boards)]);
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

type Person = { readonly page: Page; readonly board: FrameLocator; readonly reported: string[] };

async function openApp(viewport: typeof phone, locale: string): Promise<Person> {
  const context = await browser.newContext({ viewport, locale, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const reported: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') reported.push(message.text());
  });
  page.on('pageerror', (error) => reported.push(String(error)));
  const { host, port } = stack.listeners.gatewayWeb;
  await page.goto(`http://${host}:${port}/`);
  return { page, board: page.frameLocator('iframe'), reported };
}

function goTo({ page }: Person, name: string): Promise<void> {
  return page.getByRole('navigation').getByRole('link', { name }).click();
}

/** With the code from the log, as the page says. */
async function signIn({ page }: Person, email: string): Promise<void> {
  await page.locator('#email').fill(email);
  const sent = page.waitForResponse(/send-email-code$/);
  await page.keyboard.press('Enter');
  const { challenge_id: challengeId } = (await (await sent).json()) as { challenge_id: string };
  const code = await vi.waitFor(
    async () => {
      const lines = (await stack.logs()).split('\n').filter((line) => line.includes(challengeId));
      const [found] = lines.flatMap((line) => signInCode(line, challengeId) ?? []);
      if (found === undefined) throw new Error(`no code of ${challengeId} was logged`);
      return found;
    },
    { timeout: 20_000, interval: 100 },
  );
  await page.locator('#code').fill(code);
  await page.keyboard.press('Enter');
  await page.locator('nav').waitFor();
}

async function expectClean({ page, reported }: Person): Promise<void> {
  expect(await accessibilityProblems(page)).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(reported).toEqual([]);
}

it('lets two people find each other and play four in a row to the end', async () => {
  const [ada, bob] = [await openApp(phone, 'en-GB'), await openApp(desktop, 'de-DE')];
  await expectClean(ada);
  await Promise.all([signIn(ada, 'ada@example.com'), signIn(bob, 'bob@example.com')]);
  await expectClean(ada);

  await goTo(ada, 'New game');
  await ada.page.getByLabel('Name of the game').fill('Evening <b>game</b>');
  await ada.page.getByLabel('Your name in this game').fill('Zerg');
  await ada.page.getByText('The first turns would be due').waitFor();
  await ada.page.getByText('This name is free.').waitFor();
  await expectClean(ada);
  await ada.page.getByRole('button', { name: 'Make the game' }).click();
  await ada.page.getByRole('heading', { name: 'Evening <b>game</b>' }).waitFor();

  await goTo(bob, 'Spiele finden');
  await bob.page.getByRole('link', { name: 'Evening <b>game</b>' }).waitFor();
  await expectClean(bob);
  await bob.page.getByRole('link', { name: 'Evening <b>game</b>' }).click();
  await bob.page.getByLabel('Dein Name in diesem Spiel').fill('Protoss');
  await bob.page.getByRole('button', { name: 'Bewerben' }).click();
  await bob.page.getByText('Du hast dich als Protoss beworben.').waitFor();

  await ada.page.getByRole('button', { name: 'Accept: Protoss' }).click();
  await ada.page.getByRole('button', { name: 'Start the game' }).click();
  await ada.board.getByText('Your turn: choose a column.').waitFor({ timeout: 40_000 });
  await bob.board.getByText('Warten auf Zerg.').waitFor({ timeout: 20_000 });
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
  expect(await ada.page.locator('b').count()).toBe(0);
  await expectClean(ada);
  await expectClean(bob);
}, 120_000);
