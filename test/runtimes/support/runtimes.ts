// How a service is run on each runtime.
import { program } from '../install.ts';
import { type ListenerName, listenersOf, type Ports, type Runtime, type Service } from './running.ts';

const onNode = process.execPath;

/** One long-lived process with both listeners. */
function longLived(name: string, command: (service: Service) => readonly [string, ...string[]]): Runtime {
  return {
    name,
    commands(service, environment, ports) {
      const [file, ...args] = command(service);
      return [{ file, args, env: { ...addresses[service](ports), ...environment } }];
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

/** A process of Node for each listener, which emulates a platform. */
function emulated(name: string, args: (service: Service, listener: ListenerName) => string[]): Runtime {
  return {
    name,
    commands(service, env, ports) {
      const command = (listener: ListenerName) => ({
        file: onNode,
        args: [...args(service, listener), String(ports[listener])],
        env,
      });
      const [front, back] = listenersOf[service];
      return [command(front), command(back)];
    },
  };
}

export const node = longLived('Node', (service) => [
  onNode,
  '--import',
  './infra/node/telemetry.ts',
  `infra/node/${service}-http.ts`,
]);

export const nodeBundle = longLived('Node, bundle', (service) => [onNode, `dist/node/${service}.mjs`]);

export const bun = longLived('Bun', (service) => [program('bun'), `dist/bun/${service}.mjs`]);

/** May read only the migrations from the file system, and run no other programs. */
const denoPermissions = ['--no-prompt', '--allow-net', '--allow-env', '--allow-sys', '--allow-read=drizzle'];

export const deno = longLived('Deno', (service) => [
  program('deno'),
  'run',
  ...denoPermissions,
  `dist/deno/${service}.mjs`,
]);

export const lambda = emulated('Lambda', (service, listener) => [
  'test/runtimes/peers/lambda-host.ts',
  `dist/lambda/${service}.mjs`,
  `${listener}Handler`,
]);

/** As Cloudflare runs it. */
export const miniflare = emulated('workerd through miniflare', (service, listener) => [
  'test/runtimes/peers/miniflare-host.ts',
  `dist/workerd/${service}-${listener}.mjs`,
]);

/** Self-hosted: one process with both listeners, each a worker of its own. */
export const workerd: Runtime = {
  name: 'workerd',
  commands(service, env, ports) {
    const sockets = listenersOf[service].map((name) => `--socket-addr=${name}=127.0.0.1:${ports[name]}`);
    return [
      { file: program('workerd'), args: ['serve', `infra/cloudflare/${service}.capnp`, ...sockets], env },
    ];
  },
};
