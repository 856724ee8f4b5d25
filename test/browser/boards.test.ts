// The boards of the example games, in the frame of the app: everything can be done by mouse and by keyboard, on a phone
// and on a desktop, and axe-core finds nothing wrong.
import type { Browser, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BoardState } from '../../lib/board-kit/messages.ts';
import { seededRandom } from '../../lib/engine-kit/random.ts';
import { rules as fourInARow } from '../../lib/four-in-a-row/rules.ts';
import type { Orders as StarOrders } from '../../lib/star-conquest/domain/orders.ts';
import type { View as StarView } from '../../lib/star-conquest/domain/view.ts';
import { rules as starConquest } from '../../lib/star-conquest/rules.ts';
import { type BoardSite, openBoardSite } from '../support/browser/board-site.ts';
import { accessibilityProblems, desktop, launchChromium, phone } from '../support/browser/chromium.ts';
import { faultsOf, openBoardIn, ordersOf, refuse, show } from '../support/browser/frame-page.ts';

const random = seededRandom('9f2ce1d0a6b35870c4f1e2d3b4a5968778695a4b3c2d1e0f9f8e7d6c5b4a3928', 'map');
const seats = [
  { seat: 1, label: 'Zerg', bot: false },
  { seat: 2, label: '<img src=x>', bot: false },
];
const named = seats.map(({ seat, label }) => ({ seat, name: label }));
const sizes = [phone, desktop];

let site: BoardSite;
let browser: Browser;
beforeAll(async () => {
  [site, browser] = await Promise.all([openBoardSite(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** @returns the page with the board, what the board shows, and the problems that the browser reported. */
async function openBoard(family: string, schema: Record<string, unknown>, viewport: typeof phone) {
  const page = await browser.newPage({ viewport, reducedMotion: 'reduce' });
  await page.goto(site.url);
  const reported: string[] = [];
  page.on('console', (message) => reported.push(message.text()));
  page.on('pageerror', (error) => reported.push(String(error)));
  const board = await openBoardIn(page, `/boards/${family}/1.0.0/`, schema);
  return { page, board, reported };
}

function stateOf<View, Orders>(
  view: View,
  turn: number,
  more: Partial<BoardState<View, Orders>> & { awaiting: number[] },
): BoardState<View, Orders> {
  const { awaiting, ...rest } = more;
  const openTurn = { turn, due_at: '2026-12-01T20:00:00Z', awaiting, ready: [] };
  return {
    type: 'state',
    locale: 'en',
    theme: 'light',
    seats: named,
    your_seat: 1,
    view,
    view_turn: turn - 1,
    open_turn: openTurn,
    your_orders: null,
    ...rest,
  };
}

/** A frame that is no higher than its board leaves nothing to scroll inside it. */
async function expectNothingCut(page: Page, board: Frame): Promise<void> {
  await expect
    .poll(async () => {
      const [frame, content] = await Promise.all([
        page.locator('iframe').evaluate((iframe) => iframe.getBoundingClientRect().height),
        board.evaluate(() => document.body.getBoundingClientRect().height),
      ]);
      return Math.abs(frame - content);
    })
    .toBeLessThanOrEqual(1);
  const overflow = await board.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
}

describe('four in a row', () => {
  const { manifest } = fourInARow;
  const start = fourInARow.setUp({ seats, options: {}, random });

  it('is played on a phone and on a desktop', async () => {
    for (const viewport of sizes) {
      const { page, board, reported } = await openBoard(manifest.family, manifest.orders_schema, viewport);
      await show(page, stateOf(fourInARow.view(start, 1), 1, { awaiting: [1] }));
      await board.getByRole('status').getByText('Your turn: choose a column.').waitFor();
      await board.getByRole('button', { name: 'Column 4, empty' }).click();
      await expect
        .poll(() => ordersOf(page))
        .toEqual([{ type: 'orders', turn: 1, orders: { column: 4 }, ready: true }]);

      await page.keyboard.press('5');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('Enter');
      await expect.poll(async () => (await ordersOf(page)).at(-1)?.orders).toEqual({ column: 3 });

      const played = fourInARow.resolve(start, {
        turn: 1,
        orders: new Map([[1, { state: 'ready', orders: { column: 3 } }]]),
        vacant: new Set(),
        random,
      }).state;
      await show(page, stateOf(fourInARow.view(played, 1), 2, { awaiting: [2], theme: 'dark' }));
      await board.getByRole('status').getByText('Waiting for <img src=x>.').waitFor();
      await board.getByText('Last move: Zerg, column 3.').waitFor();
      const sent = (await ordersOf(page)).length;
      await board.getByRole('button', { name: 'Column 3, from below: Zerg' }).click({ force: true });
      await page.keyboard.press('Enter');

      await show(page, { ...stateOf(fourInARow.view(played, 1), 2, { awaiting: [2] }), locale: 'de' });
      await board.getByText('Letzter Zug: Zerg, Spalte 3.').waitFor();
      expect(await ordersOf(page)).toHaveLength(sent);
      await refuse(page, 'Column 3 is full.');
      await board.getByRole('status').getByText('Column 3 is full.').waitFor();

      await expectNothingCut(page, board);
      expect(await board.locator('img').count()).toBe(0);
      expect(await accessibilityProblems(board)).toEqual([]);
      expect(reported).toEqual([]);
      expect(await faultsOf(page)).toEqual([]);
      await page.close();
    }
  });
});

describe('star conquest', () => {
  const { manifest } = starConquest;
  const galaxy = starConquest.setUp({ seats, options: {}, random });
  const view = starConquest.view(galaxy, 1);
  const state = (more: Partial<BoardState<StarView, StarOrders>> = {}) =>
    stateOf<StarView, StarOrders>(view, 1, { awaiting: [1, 2], ...more });
  const home = view.planets.find(({ owner }) => owner === 1);
  const [target] = view.planets.filter(({ owner }) => owner === null);
  if (home === undefined || target === undefined) throw new TypeError('seat 1 has a planet and sees another');

  it('is played on a phone and on a desktop', async () => {
    for (const viewport of sizes) {
      const { page, board, reported } = await openBoard(manifest.family, manifest.orders_schema, viewport);
      await show(page, state());
      await board.getByRole('button', { name: `Planet #${home.id}, yours, Ships 20` }).click();
      await board.getByRole('radio', { name: 'Grow twice as fast' }).check();
      const focus = [{ planet: home.id, focus: 'growth' }] as const;
      await expect
        .poll(() => ordersOf(page))
        .toEqual([{ type: 'orders', turn: 1, orders: { send: [], focus }, ready: false }]);

      await board.getByRole('button', { name: `Planet #${target.id}, neutral` }).click();
      await board.getByRole('spinbutton', { name: 'Ships' }).fill('12');
      await page.keyboard.press('Enter');
      const send = [{ from: home.id, to: target.id, ships: 12 }];
      await expect.poll(async () => (await ordersOf(page)).at(-1)?.orders).toEqual({ send, focus });

      // By keyboard alone: to the map, from planet to planet, and the way back.
      await board.getByRole('button', { name: `Planet #${home.id}, yours` }).focus();
      await page.keyboard.press('Enter');
      const orders = { send, focus };
      await show(page, state({ your_orders: { orders, ready: false } }));
      await board.getByText('Your orders are stored.').waitFor();
      const arrow = Math.abs(target.x - home.x) > Math.abs(target.y - home.y) ? 'x' : 'y';
      await page.keyboard.press(keyFor(arrow, target[arrow] - home[arrow]));
      const focused = await board.evaluate(() => document.activeElement?.getAttribute('data-planet'));
      expect(focused).not.toBe(String(home.id));
      await page.keyboard.press('Escape');
      await board.getByText('Choose one of your planets').waitFor();

      await board.getByRole('button', { name: `Take back: #${home.id}` }).click();
      await expect.poll(async () => (await ordersOf(page)).at(-1)?.orders).toEqual({ send: [], focus });
      await board.getByRole('button', { name: 'I am ready' }).click();
      await expect
        .poll(async () => (await ordersOf(page)).at(-1))
        .toEqual({ type: 'orders', turn: 1, orders: { send: [], focus }, ready: true });

      await show(
        page,
        state({ your_orders: { orders: { focus: [] }, ready: true }, theme: 'dark', locale: 'ru' }),
      );
      await board.getByText('Вы готовы.').waitFor();
      await expectNothingCut(page, board);
      expect(await accessibilityProblems(board)).toEqual([]);
      expect(reported).toEqual([]);
      expect(await faultsOf(page)).toEqual([]);
      await page.close();
    }
  });
});

function keyFor(axis: 'x' | 'y', step: number): string {
  if (axis === 'x') return step < 0 ? 'ArrowLeft' : 'ArrowRight';
  return step < 0 ? 'ArrowUp' : 'ArrowDown';
}
