// The push service and the links between the push log and a gateway fail in every way while events are appended: nothing
// is lost, repeated or reordered, and no client notices.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AppendedEvent } from '../../lib/backend/push/log/append-client-event.ts';
import { Follower } from '../support/gateway/follower.ts';
import { type Cluster, startCluster } from '../support/run/cluster.ts';
import { Traffic } from '../support/run/traffic.ts';

const players = 8;

let cluster: Cluster;
let followers: Follower[];
let traffic: Traffic;
/** Users who get only the events of one test, so no later event can cause a missed one to be sent. */
let quiet: Follower;
const quietEvents: AppendedEvent[] = [];

beforeAll(async () => {
  cluster = await startCluster({ environment: { GATEWAY_PUSH_STALE_AFTER: '7s' } });
  const signedIn = await Promise.all(Array.from({ length: players }, () => cluster.signIn()));
  followers = signedIn.map((player) => new Follower(cluster, player));
  await Promise.all(followers.map((follower) => follower.opened()));
  quiet = await new Follower(cluster, await cluster.signIn()).opened();
  traffic = new Traffic(
    cluster,
    signedIn.map(({ session }) => session.userId),
    10,
  );
});
beforeEach(() => cluster.push.start());
afterAll(async () => {
  await traffic?.stop();
  await Promise.all((followers ?? []).map((follower) => follower.stop()));
  await quiet?.stop();
  await cluster?.stop();
});

/** Waits until this many more events were appended. */
async function moreEvents(count: number): Promise<void> {
  quietEvents.push(await cluster.append(quiet.player.session.userId));
  const before = traffic.count;
  await followers[0]?.until(() => expect(traffic.count).toBeGreaterThanOrEqual(before + count));
}

/** All players have the events appended so far, in order, on the stream that they opened first. */
async function expectNothingNoticed(timeout = 30_000): Promise<void> {
  const expected = followers.map(({ player }) =>
    traffic.of(player.session.userId).map(({ eventId }) => eventId),
  );
  for (const [index, follower] of followers.entries()) {
    const ids = expected[index] ?? [];
    await follower.until(() => expect(follower.events.length).toBeGreaterThanOrEqual(ids.length), timeout);
    expect(follower.ids.slice(0, ids.length)).toEqual(ids);
  }
  await quiet.untilExactly(quietEvents, timeout);
  for (const { reasons, hellos, failure } of [...followers, quiet]) {
    expect([reasons, hellos.length, failure]).toEqual([[], 1, undefined]);
  }
}

it('nothing is lost when the push process is killed and started again', async () => {
  await moreEvents(50);
  expect(await cluster.push.end('SIGKILL')).toBe('backend-push ended (exit code SIGKILL)');
  await moreEvents(100);
  await cluster.push.start();
  await expectNothingNoticed();
});

it('nothing is lost when the push process stops on SIGTERM and is started again', async () => {
  await moreEvents(50);
  expect(await cluster.push.end('SIGTERM')).toBe('backend-push ended (exit code 0)');
  await moreEvents(100);
  await cluster.push.start();
  await expectNothingNoticed();
});

it('nothing is lost when the link is cut repeatedly', async () => {
  for (let cut = 0; cut < 3; cut += 1) {
    cluster.links.gatewayToPush.cut();
    await moreEvents(60);
    cluster.links.gatewayToPush.heal();
    await expectNothingNoticed();
  }
});

it('a silent link whose connections stay open is noticed and opened again', async () => {
  const { gatewayToPush } = cluster.links;
  const reopened = () =>
    cluster.lines.filter((line) => /push subscription (was silent|ended)/.test(line)).length;
  const before = reopened();
  gatewayToPush.stall();
  await moreEvents(50);
  await followers[0]?.until(() => expect(reopened()).toBeGreaterThan(before), 25_000);
  // Events held back on the old connection must not arrive now: they would be repeats.
  gatewayToPush.heal();
  await expectNothingNoticed();
});
