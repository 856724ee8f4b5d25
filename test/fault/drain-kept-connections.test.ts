// Players who keep one connection to the platform while the gateway behind it stops: each is told DRAINING once, and
// comes back on another connection, whether a balancer leads it elsewhere at once, late, or there is only one address.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { json } from '../support/gateway/fake-upstream.ts';
import { Follower, outcomeOf } from '../support/gateway/follower.ts';
import { TestClient } from '../support/gateway/test-client.ts';
import { startTcpBalancer, type TcpBalancer } from '../support/network/tcp-balancer.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

const players = 24;

let cluster: Cluster;
let balancers: TcpBalancer[] = [];
let signedIn: Player[];
let clients: TestClient[] = [];
let followers: Follower[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 2,
    environment: { GATEWAY_SHUTDOWN_TIMEOUT: '6s', GATEWAY_BACKEND_TIMEOUT: '30s' },
  });
  signedIn = await Promise.all(Array.from({ length: players }, () => cluster.signIn()));
});
afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  for (const client of clients) client.close();
  await Promise.all(balancers.map((balancer) => balancer.close()));
});
afterAll(async () => {
  await cluster?.stop();
});
beforeEach(async () => {
  await Promise.all(cluster.gateways.map((gateway) => gateway.start()));
  cluster.lobby.answer = json(200, { items: [] });
});

/**
 * Every player follows over a connection of their own, through a balancer of their own: clients of one process share
 * their connections to one address.
 * @param turnsOf the gateways to which a player's connections go, in turn.
 */
async function followThrough(turnsOf: (player: number) => readonly number[]): Promise<void> {
  balancers = await Promise.all(
    signedIn.map((_, player) =>
      startTcpBalancer(turnsOf(player).map((gateway) => replica(gateway).endpoints.grpcAddr)),
    ),
  );
  const { httpUrl } = replica(1).endpoints;
  clients = signedIn.map(
    ({ key, session }, player) =>
      new TestClient({ httpUrl, grpcAddr: balancers[player]?.addr ?? '' }, key, session),
  );
  followers = signedIn.map((player, index) => new Follower(cluster, player, { gateways: [index], clients }));
  await Promise.all(followers.map((follower) => follower.opened()));
}

function replica(index: number) {
  const gateway = cluster.gateways[index];
  if (gateway === undefined) throw new Error(`there is no gateway ${index}`);
  return gateway;
}

const drained = () => followers.filter(({ reasons }) => reasons.includes('DRAINING'));
const refusedSubscriptions = () => cluster.lines.filter((line) => line.includes('subscription refused'));

/** Each was told once to go, was never refused by a gateway, and has every event. */
async function expectNoneRefused(): Promise<void> {
  const appended = await Promise.all(signedIn.map(({ session }) => cluster.append(session.userId)));
  await Promise.all(
    followers.map((follower, index) => follower.untilExactly(appended.slice(index, index + 1))),
  );
  for (const { reasons, hellos } of drained()) {
    expect(reasons.filter((reason) => reason === 'DRAINING')).toHaveLength(1);
    expect(reasons[0]).toBe('DRAINING');
    expect(hellos.slice(1).every(({ resumed }) => resumed)).toBe(true);
  }
  expect(refusedSubscriptions()).toEqual([]);
}

/** How long those were without a stream that were told to go. */
function awayMs(): string {
  const away = drained()
    .map(({ endings, hellosAt }) => (hellosAt[1] ?? Number.NaN) - (endings[0]?.at ?? Number.NaN))
    .sort((one, other) => one - other);
  const at = (share: number) => Math.round(away[Math.floor((away.length - 1) * share)] ?? Number.NaN);
  return `${away.length} players were away for ${at(0.5)} ms (p50), ${at(1)} ms (longest)`;
}

it('a balancer that sends new connections elsewhere: everybody is back after one DRAINING, and commands finish', async ({
  annotate,
}) => {
  await followThrough((player) => (player % 2 === 0 ? [0, 0, 1] : [1, 0]));
  const held: (() => void)[] = [];
  cluster.lobby.answer = (request, response) => {
    held.push(() => json(200, { items: [] })(request, response));
  };
  const running = clients.map((client) => outcomeOf(client.execute('lobby.game.list', {})));
  await vi.waitFor(() => expect(held).toHaveLength(players), { timeout: 10_000 });

  for (const balancer of balancers) balancer.eject(replica(0).endpoints.grpcAddr);
  const ended = replica(0).end('SIGTERM');
  await vi.waitFor(async () => expect(await replica(0).readiness()).toEqual({ status: 'draining' }), {
    timeout: 10_000,
    interval: 10,
  });
  await vi.waitFor(() => expect(drained()).toHaveLength(players / 2), { timeout: 10_000 });
  await Promise.all(drained().map((follower) => follower.opened(2)));
  // Probes still see why nobody gets in: the commands over the old connections have not finished.
  expect(await replica(0).readiness()).toEqual({ status: 'draining' });
  for (const respond of held.splice(0)) respond();

  expect(await Promise.all(running)).toEqual(running.map(() => 'ok'));
  expect(await ended).toBe('gateway-0 ended (exit code 0)');
  await expectNoneRefused();
  for (const { reasons } of drained()) expect(reasons).toEqual(['DRAINING']);
  await annotate(awayMs());
});

it('a balancer that notices late: connections to the gateway that stops are refused, and the next ones are not', async ({
  annotate,
}) => {
  await followThrough((player) => (player % 2 === 0 ? [0, 0, 1] : [1, 0]));
  expect(await replica(0).end('SIGTERM')).toBe('gateway-0 ended (exit code 0)');
  expect(drained()).toHaveLength(players / 2);
  await Promise.all(drained().map((follower) => follower.opened(2)));
  await expectNoneRefused();
  for (const { reasons } of drained()) {
    expect(new Set(reasons)).toEqual(new Set(['DRAINING', 'UNAVAILABLE']));
  }
  await annotate(awayMs());
});

it('one address: everybody is back once the next process listens there', async ({ annotate }) => {
  await followThrough(() => [0]);
  expect(await replica(0).end('SIGTERM')).toBe('gateway-0 ended (exit code 0)');
  expect(drained()).toHaveLength(players);
  await replica(0).start();
  // The longer nobody listens, the longer a client pauses, up to 30 s.
  await Promise.all(followers.map((follower) => follower.opened(2, 40_000)));
  await expectNoneRefused();
  await annotate(awayMs());
});
