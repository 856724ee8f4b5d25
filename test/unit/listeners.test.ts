import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { StartupError } from '../../lib/config/startup.ts';
import { listenAddress } from '../../lib/config/types.ts';
import { bind, listenOn } from '../../lib/node/bind.ts';
import { type ListenerPlan, openListeners } from '../../lib/node/listeners.ts';

const closed: string[] = [];

function plan(name: string, open: ListenerPlan['open']): ListenerPlan {
  return { name, variable: `${name}_ADDR`, address: { host: '127.0.0.1', port: 0 }, open };
}

const opens = (name: string) =>
  plan(name, async () => ({
    port: 1,
    close: async () => {
      closed.push(name);
    },
  }));

async function open(plans: ListenerPlan[]) {
  const lines: { listener: string; msg: string }[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) });
  const outcome = await openListeners(plans, log).then(
    () => 'open',
    (error: unknown) => error,
  );
  return { outcome, announced: lines.map(({ listener, msg }) => `${listener} ${msg}`) };
}

it('listeners are announced once all of them are open', async () => {
  expect(await open([opens('A'), opens('B')])).toEqual({
    outcome: 'open',
    announced: ['A listening', 'B listening'],
  });
});

it('no listener is announced, and each is closed again, when another one cannot be opened', async () => {
  const taken = plan('C', async () => {
    throw new Error('the port is taken');
  });
  const { outcome, announced } = await open([opens('A'), taken, opens('B')]);
  expect(outcome).toEqual(new StartupError([{ variable: 'C_ADDR', message: 'the port is taken' }]));
  expect(announced).toEqual([]);
  expect(closed.toSorted()).toEqual(['A', 'B']);
});

it('an address without a host is reached over IPv6 and IPv4', async () => {
  const server = createServer((socket) => socket.end());
  await listenOn(server, listenAddress.parse(':0'));
  try {
    const { port } = server.address() as AddressInfo;
    for (const host of ['::1', '127.0.0.1']) await connected(host, port);
  } finally {
    server.close();
  }
});

it('an address without a host is that of IPv4 where there is no IPv6', async () => {
  const tried: string[] = [];
  const open = (host: string) => {
    tried.push(host);
    if (host === '::') throw Object.assign(new Error('no IPv6'), { code: 'EAFNOSUPPORT' });
    return 'opened';
  };
  expect(await bind(listenAddress.parse(':8080'), open)).toBe('opened');
  expect(tried).toEqual(['::', '0.0.0.0']);
  await expect(bind(listenAddress.parse('[::1]:8080'), () => open('::'))).rejects.toThrow(
    'cannot listen on ::1:8080: no IPv6',
  );
});

it('a port of every interface that is in use is refused, also when IPv4 alone would be free', async () => {
  const other = createServer();
  await listenOn(other, listenAddress.parse('[::1]:0'));
  const { port } = other.address() as AddressInfo;
  try {
    await expect(listenOn(createServer(), listenAddress.parse(`:${port}`))).rejects.toThrow(
      `:${port} is in use by another process; choose another port or stop that process`,
    );
  } finally {
    other.close();
  }
});

async function connected(host: string, port: number): Promise<void> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  socket.destroy();
}
