// The part of a Docker Engine that the driver uses, on a unix socket. It holds containers and their states; instead of
// running an image it serves its health at the address of the container, which is another one after each start.
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';

type CreateBody = {
  Image: string;
  Env: string[];
  Labels: Record<string, string>;
  HostConfig: { NetworkMode?: string; [setting: string]: unknown };
};

type Network = { Name: string; Internal: boolean; [setting: string]: unknown };

export type FakeContainer = {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  running: boolean;
  /** Empty unless it runs. */
  address: string;
  exitCode: number;
  engine: Server | undefined;
};

export type FakeDocker = {
  readonly socketPath: string;
  readonly containers: Map<string, FakeContainer>;
  /** By name, as they were made. */
  readonly networks: Map<string, Network>;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  /** What the image does when its container is started; by default it serves its health. */
  image: 'healthy' | 'crashes' | 'silent';
  /** The next request that matches is carried out, but its connection is cut instead of a response. */
  cutNext: RegExp | undefined;
  /** Requests that match by method and path are refused. */
  refuse: { request: RegExp; status: number; message: string } | undefined;
  addContainer(name: string, labels: Record<string, string>): void;
  /** Ends what a container runs, as a crash does. */
  crash(name: string): Promise<void>;
  stop(): Promise<void>;
};

type Outcome = { status: number; body?: unknown };

export async function startFakeDocker(socketPath: string): Promise<FakeDocker> {
  const containers = new Map<string, FakeContainer>();
  const docker: FakeDocker = {
    socketPath,
    containers,
    networks: new Map(),
    requests: [],
    image: 'healthy',
    cutNext: undefined,
    refuse: undefined,
    addContainer(name, labels) {
      const body = { Image: 'x', Env: [], Labels: labels, HostConfig: {} };
      containers.set(name, newContainer(name, body));
    },
    async crash(name) {
      const container = containers.get(name);
      if (container === undefined) throw new Error(`there is no container ${name}`);
      await end(container);
    },
    async stop() {
      for (const container of containers.values()) await end(container);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer((request, response) => {
    void handle(docker, request).then(({ status, body }) => {
      if (docker.cutNext?.test(`${request.method} ${request.url}`)) {
        docker.cutNext = undefined;
        request.socket.destroy();
        return;
      }
      const bytes = Buffer.isBuffer(body) ? body : body === undefined ? '' : JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(bytes);
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return docker;
}

async function handle(docker: FakeDocker, request: IncomingMessage): Promise<Outcome> {
  const url = new URL(request.url ?? '', 'http://docker');
  const asked = `${request.method} ${url.pathname}`;
  docker.requests.push(asked);
  const { refuse } = docker;
  if (refuse?.request.test(asked)) return refusal(refuse.status, refuse.message);
  if (asked === 'POST /containers/create') {
    const body = (await json(request)) as CreateBody;
    return create(docker, url.searchParams.get('name') ?? '', body);
  }
  if (asked === 'POST /networks/create') {
    const network = (await json(request)) as Network;
    if (docker.networks.has(network.Name)) return refusal(409, `network ${network.Name} already exists`);
    docker.networks.set(network.Name, network);
    return { status: 201, body: { Id: network.Name, Warning: '' } };
  }
  const [, kind, key = '', verb = ''] = url.pathname.split('/');
  if (kind === 'networks') {
    const network = docker.networks.get(key);
    return network === undefined
      ? refusal(404, `network ${key} not found`)
      : { status: 200, body: { Id: key, ...network } };
  }
  const container = [...docker.containers.values()].find(({ id, name }) => id === key || name === key);
  if (container === undefined) return refusal(404, `No such container: ${key}`);
  switch (`${request.method} ${verb}`) {
    case 'GET json':
      return { status: 200, body: inspected(container) };
    case 'POST start':
      if (container.running) return { status: 304 };
      await run(docker, container);
      return { status: 204 };
    case 'POST stop':
      if (!container.running) return { status: 304 };
      await end(container);
      return { status: 204 };
    case 'GET logs':
      return { status: 200, body: frames('first line\n', 'no license found\n') };
    case 'GET stats':
      return { status: 200, body: { memory_stats: container.running ? { usage: 73_400_320 } : {} } };
    case 'DELETE ':
      await end(container);
      docker.containers.delete(container.name);
      return { status: 204 };
    default:
      return refusal(404, 'page not found');
  }
}

function create({ containers }: FakeDocker, name: string, body: CreateBody): Outcome {
  if (!body.Image.startsWith('engine:')) return refusal(404, `No such image: ${body.Image}`);
  if (containers.has(name)) return refusal(409, `Conflict. The container name "/${name}" is already in use`);
  const container = newContainer(name, body);
  containers.set(name, container);
  return { status: 201, body: { Id: container.id, Warnings: [] } };
}

function newContainer(name: string, body: CreateBody): FakeContainer {
  const id = randomBytes(32).toString('hex');
  return { id, name, body, running: false, address: '', exitCode: 0, engine: undefined };
}

function inspected({ id, name, body, running, address, exitCode }: FakeContainer) {
  const { NetworkMode = 'bridge' } = body.HostConfig;
  return {
    Id: id,
    Name: `/${name}`,
    State: {
      Status: running ? 'running' : 'exited',
      Running: running,
      Restarting: false,
      ExitCode: exitCode,
    },
    Config: { Labels: body.Labels, Image: body.Image, Env: body.Env },
    HostConfig: { PortBindings: {}, ...body.HostConfig },
    NetworkSettings: { Networks: { [NetworkMode]: { IPAddress: address } } },
  };
}

async function run({ image }: FakeDocker, container: FakeContainer): Promise<void> {
  container.running = image !== 'crashes';
  container.exitCode = image === 'crashes' ? 3 : 0;
  if (image === 'crashes') return;
  // All of 127.0.0.0/8 is this machine.
  container.address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  if (image === 'silent') return;
  const engine = createServer((_, response) => response.end('{"status":"ok"}'));
  engine.listen(8_080, container.address);
  await once(engine, 'listening');
  container.engine = engine;
}

async function end(container: FakeContainer): Promise<void> {
  container.running = false;
  container.address = '';
  const { engine } = container;
  container.engine = undefined;
  if (engine === undefined) return;
  engine.closeAllConnections();
  engine.close();
  await once(engine, 'close');
}

/** Logs, framed as Docker frames them. */
function frames(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const header = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]);
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    }),
  );
}

function refusal(status: number, message: string): Outcome {
  return { status, body: { message } };
}
