// Debian's Chromium, driven by playwright-core. One browser per test file; each person gets a context of their own.
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Frame, type Page } from 'playwright-core';

const program = '/usr/bin/chromium';

export const phone = { width: 375, height: 667 };
export const desktop = { width: 1280, height: 800 };

export function launchChromium(): Promise<Browser> {
  if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install --yes chromium`);
  return chromium.launch({
    executablePath: program,
    // Its sandbox needs rights that containers do not give, and their /dev/shm is too small.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: 30_000,
  });
}

/** What axe-core finds wrong with a page or a frame, as `rule: element`. */
export async function accessibilityProblems(page: Page | Frame): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    // Each document by itself; a board may not load its style sheet once more.
    return axe.run({ iframes: false, preload: false });
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

type AxeResults = { violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] };
