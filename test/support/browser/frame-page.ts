// What a test does with the page of frame-host, which shows one board as the app does.
import type { Frame, Page } from 'playwright-core';
import type { BoardOrders, BoardState } from '../../../lib/board-kit/messages.ts';
import type { BoardHost } from './frame-host/host.ts';

declare global {
  var boardHost: BoardHost;
}

/** @returns the board's frame, once it has loaded. */
export async function openBoardIn(
  page: Page,
  address: string,
  ordersSchema: Record<string, unknown>,
): Promise<Frame> {
  const [frame] = await Promise.all([
    page.waitForEvent('framenavigated', (navigated) => navigated.url().endsWith(address)),
    page.evaluate(([to, schema]) => boardHost.open(to, schema), [address, ordersSchema] as const),
  ]);
  await frame.waitForLoadState('load');
  return frame;
}

export function show(page: Page, state: BoardState): Promise<void> {
  return page.evaluate((shown) => boardHost.show(shown), state);
}

export function refuse(page: Page, message: string): Promise<void> {
  return page.evaluate((text) => boardHost.refuse(text), message);
}

/** What the app would have sent. */
export function ordersOf(page: Page): Promise<BoardOrders[]> {
  return page.evaluate(() => boardHost.orders);
}

export function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => boardHost.faults);
}
