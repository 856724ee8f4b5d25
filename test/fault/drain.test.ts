// Two gateways, forty players who reconnect to the other one, and a constant flow of events: however a gateway ends,
// every player gets every event, in order.
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { json } from '../support/gateway/fake-upstream.ts';
import { Follower, outcomeOf } from '../support/gateway/follower.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import type { Cluster, GatewayReplica } from '../support/run/cluster.ts';
import { startCluster } from '../support/run/cluster.ts';
import { Traffic } from '../support/run/traffic.ts';

const players = 40;
const shutdownTimeoutMs = 4_000;

let cluster: Cluster;
let followers: Follower[];
let traffic: Traffic;

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 2,
    environment: {
      GATEWAY_SHUTDOWN_TIMEOUT: `${shutdownTimeoutMs}ms`,
      // The gateway must end commands that wait for a lobby that does not respond.
      GATEWAY_BACKEND_TIMEOUT: '30s',
    },
  });
  const signedIn = await Promise.all(Array.from({ length: players }, () => cluster.signIn()));
  followers = signedIn.map((player, index) => {
    const gateways = index % 2 === 0 ? [0, 1] : [1, 0];
    return new Follower(cluster, player, { gateways });
  });
  await Promise.all(followers.map((follower) => follower.opened()));
  traffic = new Traffic(
    cluster,
    signedIn.map(({ session }) => session.userId),
  );
});
afterAll(async () => {
  await traffic?.stop();
  await Promise.all((followers ?? []).map((follower) => follower.stop()));
  await cluster?.stop();
});

beforeEach(async () => {
  await Promise.all(cluster.gateways.map((gateway) => gateway.start()));
  await Promise.all([untilServing(0), untilServing(1)]);
  cluster.lobby.answer = json(200, { items: [] });
  for (const { endings } of followers) endings.length = 0;
});

const replica = (index: number): GatewayReplica => {
  const gateway = cluster.gateways[index];
  if (gateway === undefined) throw new Error(`there is no gateway ${index}`);
  return gateway;
};
const at = (gateway: number) => followers.filter((follower) => follower.gateway === gateway);
const reasonsOf = (some: Follower[]) => [...new Set(some.flatMap(({ reasons }) => reasons))].sort();

/** Every player has all events appended so far, and was resumed each time. */
async function expectEveryEvent(): Promise<void> {
  const expected = followers.map(({ player }) => [...traffic.of(player.session.userId)]);
  await Promise.all(
    followers.map((follower, index) =>
      follower.until(() =>
        expect(follower.events.length).toBeGreaterThanOrEqual(expected[index]?.length ?? 0),
      ),
    ),
  );
  for (const [index, follower] of followers.entries()) {
    const ids = expected[index]?.map(({ eventId }) => eventId) ?? [];
    expect(follower.ids.slice(0, ids.length)).toEqual(ids);
    expect(follower.failure).toBeUndefined();
    expect(follower.hellos.slice(1).filter(({ resumed }) => !resumed)).toEqual([]);
  }
}

/** Waits as a roll-out does; gRPC connections of this process need a while to reconnect. */
async function untilServing(index: number): Promise<void> {
  const [follower] = followers;
  const client = follower && cluster.client(follower.player, index);
  await vi.waitFor(
    async () => expect(client && (await outcomeOf(client.execute('user.account.get', {})))).toBe('ok'),
    { timeout: 20_000, interval: 100 },
  );
}

/** Clients of a gateway that have had a response, so that they know its key. */
async function clientsOf(some: Follower[], gateway: number): Promise<TestClient[]> {
  const clients = some.map(({ player }) => cluster.client(player, gateway));
  for (const client of clients) expect(await outcomeOf(client.execute('user.account.get', {}))).toBe('ok');
  return clients;
}

/** Makes the lobby hold its responses until they are released. */
function holdLobby(): { held: () => number; release: () => void } {
  const waiting: (() => void)[] = [];
  cluster.lobby.answer = (request, response) => {
    waiting.push(() => json(200, { items: [] })(request, response));
  };
  return {
    held: () => waiting.length,
    release: () => {
      for (const respond of waiting.splice(0)) respond();
    },
  };
}

/** Sends commands, from one client after the other, without a pause. */
class Commands {
  readonly outcomes: string[] = [];
  readonly #running: Promise<void>;
  #stopped = false;

  /** @param clients that know the gateways' key already, since a stopping gateway does not serve it. */
  constructor(clients: readonly TestClient[]) {
    this.#running = this.#run(clients);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(clients: readonly TestClient[]): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const client = clients[turn % clients.length];
      if (client !== undefined) this.outcomes.push(await outcomeOf(client.execute('user.account.get', {})));
    }
  }
}

it('on SIGTERM it ends its streams, finishes running commands and exits with 0; no player misses an event', async () => {
  const lobby = holdLobby();
  const mine = at(0);
  expect(mine.length).toBe(players / 2);
  const clients = await clientsOf(mine.slice(0, 8), 0);
  const running = clients.map((client) => outcomeOf(client.execute('lobby.game.list', {})));
  await vi.waitFor(() => expect(lobby.held()).toBe(running.length), { timeout: 10_000 });

  const startedAt = performance.now();
  const ended = replica(0).end('SIGTERM');
  await vi.waitFor(async () => expect(await replica(0).readiness()).toEqual({ status: 'draining' }), {
    timeout: 20_000,
    interval: 10,
  });
  await Promise.all(mine.map((follower) => follower.until(() => expect(follower.gateway).toBe(1))));
  lobby.release();

  expect(await Promise.all(running)).toEqual(running.map(() => 'ok'));
  expect(await ended).toBe('gateway-0 ended (exit code 0)');
  expect(performance.now() - startedAt).toBeLessThan(shutdownTimeoutMs + 3_000);
  expect(mine.map(({ reasons }) => reasons[0])).toEqual(mine.map(() => 'DRAINING'));
  await expectEveryEvent();
});

it('cuts a command that exceeds its shutdown time-out, and still exits with 0', async () => {
  const lobby = holdLobby();
  const [client] = await clientsOf(followers.slice(0, 1), 0);
  const running = client && outcomeOf(client.execute('lobby.game.list', {}));
  await vi.waitFor(() => expect(lobby.held()).toBe(1), { timeout: 10_000 });

  const startedAt = performance.now();
  expect(await replica(0).end('SIGTERM')).toBe('gateway-0 ended (exit code 0)');
  expect(performance.now() - startedAt).toBeLessThan(shutdownTimeoutMs + 3_000);
  expect(await running).toBe('UNAVAILABLE');
  await expectEveryEvent();
});

it('the gateways can be restarted one after the other while all players play', async () => {
  const [first, second] = [await clientsOf(at(0), 0), await clientsOf(at(1), 1)];
  const commands = new Commands([...first, ...second]);
  onTestFinished(() => commands.stop());
  for (const index of [0, 1]) {
    expect(await replica(index).end('SIGTERM')).toBe(`gateway-${index} ended (exit code 0)`);
    await Promise.all(followers.map((f) => f.until(() => expect(f.gateway).toBe(1 - index))));
    await replica(index).start();
    await untilServing(index);
    await expectEveryEvent();
  }
  await commands.stop();
  const { outcomes } = commands;
  expect(outcomes.filter((outcome) => outcome === 'ok').length).toBeGreaterThan(0);
  // Commands sent to a stopped gateway did not reach it.
  expect(new Set(outcomes)).toBeOneOf([new Set(['ok']), new Set(['ok', 'UNAVAILABLE'])]);
  expect(reasonsOf(followers).filter((reason) => !['DRAINING', 'UNAVAILABLE'].includes(reason))).toEqual([]);
});

it('loses no event when a gateway is killed', async () => {
  const index = followers[0]?.gateway ?? 0;
  const mine = at(index);
  expect(await replica(index).end('SIGKILL')).toBe(`gateway-${index} ended (exit code SIGKILL)`);
  await Promise.all(mine.map((f) => f.until(() => expect(f.gateway).toBe(1 - index))));
  await expectEveryEvent();
  // The gateway did not end its streams, and still no event was lost.
  expect(reasonsOf(mine)).toEqual(['UNAVAILABLE']);
});
