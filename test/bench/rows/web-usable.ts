// web.usable: from the address of the app until a person can type theirs, in Chromium without a cache, compared with a page
// of one field from a bare node:http server. The gateway and the floor have the measured core, Chromium the other one.
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { buildApp } from '../../../infra/web/build-app.ts';
import { launchChromium } from '../../support/browser/chromium.ts';
import type { Row } from '../entry.ts';
import { startGatewayProcess } from '../gateway-process.ts';
import { alternate, percentile, type Round, throughput } from '../measure.ts';
import { startPeer } from '../peer.ts';
import type { PageFloorCalls } from '../peers/page-floor.ts';
import type { UpstreamsCalls } from '../peers/upstreams.ts';
import { cpuDuring } from '../system.ts';

export const webUsable: Row = {
  name: 'web.usable',
  async run(bench, running) {
    const { scale, cores } = bench;
    const app = join(bench.folder, 'app');
    await buildApp(app);
    const upstreams = await startPeer<UpstreamsCalls>('upstreams', cores?.load, running);
    const peers = { httpUrl: await upstreams.call('listen'), pushAddr: '127.0.0.1:1' };
    const gateway = await startGatewayProcess(bench, peers, running, { GATEWAY_APP_FOLDER: app });
    const floor = await startPeer<PageFloorCalls>('page-floor', cores?.measured, running);
    const floorUrl = await floor.call('listen');
    const browser = await launchChromium();
    running.defer(() => browser.close());

    const round = (pid: number, url: string) => () =>
      cpuDuring(pid, () => load(browser, url, scale.pageLoads));
    const { figures, remarks } = throughput(
      await alternate(scale, round(gateway.pid, `http://${gateway.webAddr}/`), round(floor.pid, floorUrl)),
    );
    return {
      ...figures,
      note: `page loads one after the other, each without a cache, on a machine of the gateway's; CPU time is the server's; ${remarks}`,
    };
  },
};

async function load(browser: Browser, url: string, times: number): Promise<Omit<Round, 'cpuMicros'>> {
  const loads: number[] = [];
  for (let index = 0; index < times; index += 1) loads.push(await usableAfterMs(browser, url));
  const elapsedMs = loads.reduce((sum, ms) => sum + ms, 0);
  return { n: times, elapsedMs, p50Ms: percentile(loads, 0.5), p99Ms: percentile(loads, 0.99) };
}

/** From the start of the navigation until the field for the address has been painted, by the clock of the page. */
async function usableAfterMs(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(watchField);
    await page.goto(url);
    const usable = await page.waitForFunction(() => (globalThis as { usableAfterMs?: number }).usableAfterMs);
    return Number(await usable.jsonValue());
  } finally {
    await context.close();
  }
}

/** In the page, before its scripts run. */
function watchField(): void {
  const look = () => {
    const field = document.querySelector<HTMLInputElement>('#email');
    if (field === null || field.disabled || field.getClientRects().length === 0) requestAnimationFrame(look);
    // A task after the frame: it was painted, and the page can take a key.
    else
      requestAnimationFrame(() =>
        setTimeout(() => Object.assign(globalThis, { usableAfterMs: performance.now() })),
      );
  };
  look();
}
