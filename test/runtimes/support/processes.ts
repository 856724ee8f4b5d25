// The runtimes on which a service is one long-lived process with both of its listeners: Node, Bun, Deno.
import { program } from '../install.ts';
import { listenersOf, type Ports, type Runtime, runProgram, type Service, urlOf } from './running.ts';

function process(name: string, command: (service: Service) => readonly [string, ...string[]]): Runtime {
  return {
    name,
    async start(service, environment, ports) {
      const [file, ...args] = command(service);
      const running = runProgram(file, args, { ...addresses[service](ports), ...environment });
      await running.answersAt(listenersOf[service].map((listener) => urlOf(ports[listener])));
      return running;
    },
  };
}

const addresses = {
  lobby: (ports: Ports) => ({
    LOBBY_PUBLIC_HTTP_ADDR: `127.0.0.1:${ports.public}`,
    LOBBY_INTERNAL_HTTP_ADDR: `127.0.0.1:${ports.internal}`,
  }),
  backend: (ports: Ports) => ({
    BACKEND_HTTP_ADDR: `127.0.0.1:${ports.service}`,
    BACKEND_ADMIN_HTTP_ADDR: `127.0.0.1:${ports.admin}`,
  }),
};

export const node = process('Node', (service) => [
  globalThis.process.execPath,
  `infra/node/${service}-http.ts`,
]);

export const bun = process('Bun', (service) => [program('bun'), `dist/bun/${service}.mjs`]);

/** Of the file system the migrations only, and no other programs. */
const denoPermissions = ['--no-prompt', '--allow-net', '--allow-env', '--allow-sys', '--allow-read=drizzle'];

export const deno = process('Deno', (service) => [
  program('deno'),
  'run',
  ...denoPermissions,
  `dist/deno/${service}.mjs`,
]);
