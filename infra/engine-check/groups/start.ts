// The process: how it starts, listens, and ends.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { platform } from 'node:process';
import { healthSchema } from '../../../lib/engine/api.ts';
import { within } from '../../../lib/node/process.ts';
import { type Engine, loopback, stopTimeoutMs } from '../engine.ts';
import { read } from '../expect.ts';
import { group } from '../group.ts';
import { says } from '../interface-says.ts';
import { Violation } from '../violation.ts';

/** Every address of 127.0.0.0/8 is this machine's on Linux; elsewhere an engine is started at the usual one. */
const ownAddress = platform === 'linux' ? '127.0.0.2' : loopback;
const connectTimeoutMs = 1_000;
const idleConnections = 8;

export const startGroup = group('start', (lab) => lab.startEngine(), [
  {
    name: 'responds to GET /healthz',
    saying: says.health,
    run: async (engine) => void read(healthSchema, await engine.health()),
  },
  {
    name: 'responds while other connections are idle, or have sent a part of a request',
    saying: says.connections,
    run: (engine) => withIdleConnections(engine, async () => void read(healthSchema, await engine.health())),
  },
  {
    name: 'ends soon after SIGTERM, also while connections are open',
    saying: says.stopped,
    async run(engine) {
      await withIdleConnections(engine, async () => {
        await engine.health();
        if (await engine.terminate()) return;
        throw new Violation(`It was still running ${stopTimeoutMs / 1_000} s after SIGTERM.`);
      });
      await engine.start();
    },
  },
  {
    name: 'listens at the address that it is given, and at no other',
    saying: says.listens,
    async run(_, lab) {
      const engine = await lab.newEngine();
      await engine.start(ownAddress);
      const { host, port } = engine.address;
      for (const other of otherAddresses(host)) {
        if (!(await accepts(other, port))) continue;
        throw new Violation(
          `GALAXY_ENGINE_HOST was ${host}, and the engine accepts connections at ${other}, too.`,
        );
      }
    },
  },
]);

async function withIdleConnections(engine: Engine, run: () => Promise<void>): Promise<void> {
  const { host, port } = engine.address;
  const sockets: Socket[] = [];
  try {
    for (let index = 0; index < idleConnections; index++) {
      const socket = connect(port, host);
      socket.on('error', () => undefined);
      sockets.push(socket);
      await within(
        connectTimeoutMs,
        once(socket, 'connect').catch(() => undefined),
      );
      if (index % 2 === 1) socket.write(`POST /api/v1/game/turns HTTP/1.1\r\nHost: ${host}\r\n`);
    }
    await run();
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Of this machine. */
function otherAddresses(own: string): string[] {
  const found = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = found.flatMap(({ address, scopeid }) => (scopeid ? [] : [address]));
  return [...new Set([loopback, ...addresses])].filter((address) => address !== own);
}

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    let connected = false;
    await within(
      connectTimeoutMs,
      once(socket, 'connect').then(
        () => {
          connected = true;
        },
        () => undefined,
      ),
    );
    return connected;
  } finally {
    socket.destroy();
  }
}
