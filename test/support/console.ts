// A console for tests, in front of services that listen on this machine.
import type { ConsoleApp } from '../../handlers/console/env.ts';
import { createConsoleApp } from '../../handlers/console/router.ts';
import { createConsole, type StrangerLimit } from '../../lib/console/context.ts';
import type { HttpApp } from '../../lib/http/app.ts';
import { type Listener, listenHttp } from '../../lib/node/http-listener.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import type { TestBackend } from './backend/backend.ts';

const log = createLogger({ service: 'test', level: 'silent' });
const timeouts = { readHeaderTimeoutMs: 2_000, readTimeoutMs: 10_000, idleTimeoutMs: 60_000 };

export const publicUrl = 'http://localhost:8085';
/** The address of a service that is down. */
export const down = 'http://127.0.0.1:1';

export type ServiceUrls = { backend: string; lobby?: string; gameMaster?: string };
type Options = { host?: string; publicUrl?: string; limitStranger?: StrangerLimit };

/** Services without an address are down. */
export function consoleAt(urls: ServiceUrls, options: Options = {}): ConsoleApp {
  const peer = (baseUrl = down) => ({ baseUrl, token: undefined, timeoutMs: 5_000 });
  const config = {
    http: { addr: { host: options.host ?? '127.0.0.1', port: 8085 }, ...timeouts },
    publicUrl: options.publicUrl ?? publicUrl,
    backend: peer(urls.backend),
    lobby: peer(urls.lobby),
    gameMaster: peer(urls.gameMaster),
    gatewayUrl: down,
  };
  const limitStranger = options.limitStranger ?? (() => () => {});
  return createConsoleApp(createConsole(config, { assets: new Map(), limitStranger, log }), () => true);
}

export function listen(app: HttpApp): Promise<Listener> {
  return listenHttp(app, { host: '127.0.0.1', port: 0 }, timeouts, log);
}

/** Services check assertions, which are good for a minute, by their own clocks: before each test. */
export function setClock(backend: TestBackend): void {
  backend.advance(Date.now() - backend.now().getTime());
}
