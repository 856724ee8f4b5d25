// The push service moves to another address, and one of its replicas falls silent, while a gateway runs: new streams
// open without a restart, and open ones stay.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { Follower } from '../support/gateway/follower.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import { type Cluster, startCluster } from '../support/run/cluster.ts';

const name = 'push.galaxy.test';
/** Much shorter than the 30 s for which gRPC would keep an address. */
const soonMs = 12_000;

const cleanUp = new AsyncDisposableStack();
let port: number;
let hostsFile: string;
let cluster: Cluster;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-hosts-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  hostsFile = join(folder, 'hosts.json');
  port = await freePort();
  await resolvesTo('127.0.0.2');
  cluster = await startCluster({
    environment: {
      GATEWAY_BACKEND_GRPC_ADDR: `${name}:${port}`,
      GATEWAY_BACKEND_TIMEOUT: '4s',
      NODE_OPTIONS: '--import=./test/support/network/named-hosts.ts',
      TEST_NAMED_HOSTS: hostsFile,
    },
  });
  cleanUp.defer(() => cluster.stop());
});
afterAll(() => cleanUp.disposeAsync());

/** What the name of the push service resolves to from now on. */
async function resolvesTo(...addresses: string[]): Promise<void> {
  await writeFile(hostsFile, JSON.stringify({ [name]: addresses }));
}

/** The push service at an address of the loopback interface. */
async function serveAt(host: string): Promise<TcpProxy> {
  const [targetHost = '', targetPort] = cluster.links.gatewayToPush.addr.split(':');
  return startTcpProxy({ host: targetHost, port: Number(targetPort) }, { host, port });
}

async function follow(): Promise<Follower> {
  const follower = new Follower(cluster, await cluster.signIn());
  cleanUp.defer(() => follower.stop());
  return follower;
}

it('new streams open soon after the push service moved, and again when its replica falls silent', async ({
  annotate,
}) => {
  const first = await serveAt('127.0.0.2');
  const early = await (await follow()).opened();
  // From here on the subscription has a cursor at which it resumes.
  const before = await cluster.append(early.player.session.userId);
  await early.untilExactly([before], 40_000);

  const second = await serveAt('127.0.0.3');
  cleanUp.defer(() => second.close());
  await resolvesTo('127.0.0.3');
  await first.close();
  const movedAt = performance.now();
  const late = await follow();
  await late.until(() => expect(late.hellos).toHaveLength(1), soonMs);
  await annotate(`a stream opened ${Math.round(performance.now() - movedAt)} ms after the service moved`);

  const third = await serveAt('127.0.0.4');
  cleanUp.defer(() => third.close());
  await resolvesTo('127.0.0.3', '127.0.0.4');
  second.stall();
  const stalledAt = performance.now();
  const last = await follow();
  await last.until(() => expect(last.hellos).toHaveLength(1), soonMs);
  await annotate(
    `a stream opened ${Math.round(performance.now() - stalledAt)} ms after the replica fell silent`,
  );
  expect(last.reasons).toEqual([]);

  // The subscription is opened again once its connection counts as dead.
  for (const follower of [early, late, last]) {
    const event = await cluster.append(follower.player.session.userId);
    await follower.untilExactly(follower === early ? [before, event] : [event], 40_000);
    expect(follower.failure).toBeUndefined();
  }
  expect([early.reasons, early.hellos.length]).toEqual([[], 1]);
}, 120_000);
