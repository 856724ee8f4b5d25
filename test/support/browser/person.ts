// A person who uses the web app, in a browser context of their own.
import type { Browser, BrowserContextOptions, FrameLocator, Page } from 'playwright-core';
import { phone } from './chromium.ts';

export type Person = {
  readonly page: Page;
  readonly board: FrameLocator;
  /** Errors that the browser has reported, and requests to other sites than the app's. */
  readonly reported: string[];
};

declare global {
  /** Of the page since it was loaded, but for what follows an input. */
  var layoutShift: number;
  /** Set by script that a name has smuggled in. */
  var xss: unknown;
}

export async function openPerson(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Person> {
  const context = await browser.newContext({
    viewport: phone,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    baseURL: url,
    ...options,
  });
  await context.addInitScript(() => {
    globalThis.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[]) {
        if (!entry.hadRecentInput) globalThis.layoutShift += entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const page = await context.newPage();
  const reported: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') reported.push(message.text());
  });
  page.on('pageerror', (error) => reported.push(String(error)));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(url).origin) reported.push(request.url());
  });
  await page.goto(url);
  return { page, board: page.frameLocator('iframe'), reported };
}

export function goTo({ page }: Person, name: string): Promise<void> {
  return page.getByRole('navigation').getByRole('link', { name }).click();
}

/** @param codeOf the code that was mailed for a challenge. */
export async function signIn(
  { page }: Person,
  email: string,
  codeOf: (challengeId: string) => Promise<string>,
): Promise<void> {
  await page.locator('#email').fill(email);
  const sent = page.waitForResponse(/send-email-code$/);
  await page.keyboard.press('Enter');
  const { challenge_id: challengeId } = (await (await sent).json()) as { challenge_id: string };
  await page.locator('#code').fill(await codeOf(challengeId));
  await page.keyboard.press('Enter');
  await page.locator('nav').waitFor();
}

let loads = 0;

/** Opens a page as if from a link, and waits until nothing of it is on its way. */
export async function openPage({ page }: Person, fragment: string): Promise<void> {
  await page.goto(`/?load=${++loads}${fragment}`);
  await page.locator('h1').waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}
