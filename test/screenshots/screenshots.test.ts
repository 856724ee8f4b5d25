// npm run screenshots: pictures of the main pages of the web app and the console, for docs/web-app.md and
// docs/console.md. They are shown, never compared.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, it, vi } from 'vitest';
import { consoleUrl } from '../../infra/local/stack.ts';
import { localSignIn, onBackendDatabase } from '../../infra/operator/invite.ts';
import { buildApp } from '../../infra/web/build-app.ts';
import { buildBoards } from '../../infra/web/build-boards.ts';
import { seededRandom } from '../../lib/engine-kit/random.ts';
import type { View as StarView } from '../../lib/star-conquest/domain/view.ts';
import { rules as starConquest } from '../../lib/star-conquest/rules.ts';
import { desktop, launchChromium, phone } from '../support/browser/chromium.ts';
import { openPage, openPerson, type Person, signIn } from '../support/browser/person.ts';
import { mailedCode } from '../support/client/mailed-code.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';

const pictures = join(import.meta.dirname, '..', '..', 'docs', 'images');
const day = 86_400_000;

let folder: string;
let stack: TestStack;
let browser: Browser;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-web-'));
  const [app, boards] = [join(folder, 'app'), join(folder, 'boards')];
  await Promise.all([buildApp(app), buildBoards(boards), mkdir(pictures, { recursive: true })]);
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

type NewGame = {
  name: string;
  family: string;
  description?: string;
  options?: Record<string, unknown>;
  max?: number;
};

async function openGame(
  owner: TestClient,
  { name, family, description = '', options = {}, max = 2 }: NewGame,
) {
  const { game_id } = await owner.lobby.game.create({
    game_type: 'public',
    game_name: name,
    description,
    min_players: 2,
    max_players: max,
    enrollment_ends_at: new Date(Date.now() + 3 * day).toISOString(),
    turn_seconds: 86_400,
    options,
    spectators: true,
    engine_family: family,
    target_engine_version: '1.0.0',
  });
  await owner.lobby.game.openEnrollment({ game_id });
  return game_id;
}

/** A game of two. @returns its id, once its first turn takes orders. */
async function startGame(
  players: readonly [TestClient, TestClient],
  names: readonly string[],
  game: NewGame,
) {
  const [owner, guest] = players;
  const game_id = await openGame(owner, game);
  await owner.lobby.application.submit({ game_id, race_name: names[0] ?? '' });
  const { application_id } = await guest.lobby.application.submit({ game_id, race_name: names[1] ?? '' });
  await owner.lobby.application.approve({ application_id });
  await owner.lobby.game.start({ game_id });
  await vi.waitFor(() => owner.game(game_id).turn(), { timeout: 40_000, interval: 200 });
  return game_id;
}

/** Both play as bots would. */
async function playStars(players: readonly TestClient[], gameId: string, turns: number): Promise<void> {
  for (let turn = 1; turn <= turns; turn++) {
    for (const [index, player] of players.entries()) {
      const { view } = await player.game(gameId).view();
      const random = seededRandom('5a'.repeat(32), `${turn} ${index}`);
      const orders = starConquest.bot?.(view as StarView, { seat: index + 1, random });
      await player.game(gameId).submit({ turn, orders: { ...orders }, ready: true });
    }
    await vi.waitFor(
      async () => {
        const { played_turn: played } = (await players[0]?.game(gameId).turn()) ?? { played_turn: 0 };
        if (played < turn) throw new Error(`turn ${turn} is being played`);
      },
      { timeout: 20_000, interval: 100 },
    );
  }
}

type Picture = {
  readonly name: string;
  readonly fragment: string;
  readonly size: typeof phone;
  readonly theme: 'light' | 'dark';
  readonly prepare?: () => Promise<void>;
};

async function take(viewer: Person, { name, fragment, size, theme, prepare }: Picture): Promise<void> {
  const { page } = viewer;
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await openPage(viewer, fragment);
  if (fragment.startsWith('#/games/')) await page.frameLocator('iframe').locator('.seats').waitFor();
  await prepare?.();
  // The board says how high it is.
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

it('takes pictures of the main pages', async () => {
  const [ada, boris] = [await stack.signIn('ada', 'ada@example.com'), await stack.signIn('boris')];
  const { host, port } = stack.listeners.gatewayWeb;
  const viewer = await openPerson(browser, `http://${host}:${port}/`);
  await signIn(viewer, 'ada@example.com', (challengeId) => mailedCode(stack, challengeId));

  const players = [ada, boris] as const;
  const discs = await startGame(players, ['Zerg', 'Protoss'], {
    name: 'Evening game',
    family: 'four-in-a-row',
  });
  for (const [index, column] of [4, 4, 3, 5, 5, 3, 2, 6].entries()) {
    await (players[index % 2] ?? ada)
      .game(discs)
      .submit({ turn: index + 1, orders: { column }, ready: true });
  }
  const stars = await startGame(players, ['Andromeda', 'Cassiopeia'], {
    name: 'Sunday conquest',
    family: 'star-conquest',
    options: { bots: 2 },
  });
  await playStars(players, stars, 7);
  await openGame(ada, {
    name: 'Lunch break',
    family: 'four-in-a-row',
    description: 'A short one, with coffee.',
  });
  await openGame(boris, {
    name: 'Nebula for beginners',
    family: 'star-conquest',
    description: 'Never played before? Nor have we. Turns of a day, no hurry.',
    max: 6,
  });
  await openGame(boris, { name: 'Quick rematch', family: 'four-in-a-row' });

  const { page } = viewer;
  const all: Picture[] = [
    { name: 'my-games-phone', fragment: '#/', size: phone, theme: 'light' },
    { name: 'find-games-desktop', fragment: '#/find', size: desktop, theme: 'light' },
    {
      name: 'new-game-phone',
      fragment: '#/create',
      size: phone,
      theme: 'dark',
      prepare: () => page.getByText('The first turns would be due').scrollIntoViewIfNeeded(),
    },
    { name: 'four-in-a-row-phone', fragment: `#/games/${discs}`, size: phone, theme: 'light' },
    { name: 'four-in-a-row-desktop', fragment: `#/games/${discs}`, size: desktop, theme: 'dark' },
    { name: 'star-conquest-phone', fragment: `#/games/${stars}`, size: phone, theme: 'dark' },
    { name: 'star-conquest-desktop', fragment: `#/games/${stars}`, size: desktop, theme: 'light' },
    { name: 'account-phone', fragment: '#/account', size: phone, theme: 'light' },
  ];
  for (const picture of all) await take(viewer, picture);

  const context = await browser.newContext({ viewport: { width: 1_200, height: 820 } });
  const operator = await context.newPage();
  const console = consoleUrl(stack.listeners);
  const link = await onBackendDatabase({ BACKEND_POSTGRES_PRIMARY_DSN: stack.dsn }, localSignIn);
  await operator.goto(`${console}${link}`);
  await operator.getByRole('button', { name: 'Sign in' }).click();
  await operator.getByRole('heading', { name: 'Overview' }).waitFor();
  // The statistics of turns are a few seconds behind.
  await operator.waitForTimeout(6_000);
  const pages = [
    ['console-overview', '/'],
    ['console-game', `/games/${stars}`],
    ['console-block-user', `/users/${ada.session.userId}/block`],
    ['console-streams', '/streams'],
  ] as const;
  for (const [name, path] of pages) {
    await operator.goto(`${console}${path}`);
    await operator.screenshot({ path: join(pictures, `${name}.png`) });
  }
  await operator.goto(`${console}/games/${discs}/pause`);
  await operator.getByLabel('Reason').fill('a player asks for a pause until Monday');
  await operator.getByRole('button', { name: 'Pause' }).click();
  await operator.goto(`${console}/audit`);
  await operator.screenshot({ path: join(pictures, 'console-audit.png') });
}, 240_000);
