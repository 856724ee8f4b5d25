// The push log has lost the events that a gateway or a client has to read next. Clients that missed events get a resync,
// the others continue, and no client misses events without being notified.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { AppendedEvent } from '../../lib/backend/push/log/append-client-event.ts';
import { trimOlderThan } from '../../lib/backend/push/log/trim.ts';
import { Follower } from '../support/gateway/follower.ts';
import { type Cluster, startCluster } from '../support/run/cluster.ts';

let cluster: Cluster;
const followers: Follower[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.stop()));
});
afterAll(() => cluster?.stop());

/** A player with an open stream and one event on it. */
async function playing(): Promise<{ follower: Follower; userId: string; had: AppendedEvent }> {
  const player = await cluster.signIn();
  const follower = await new Follower(cluster, player).opened();
  followers.push(follower);
  const { userId } = player.session;
  const had = await cluster.append(userId);
  await follower.untilExactly([had]);
  return { follower, userId, had };
}

/** The player gets a resync, and from then on every appended event, in order. */
async function expectResyncThenEvents({
  follower,
  userId,
}: {
  follower: Follower;
  userId: string;
}): Promise<void> {
  await follower.until(
    () => expect(follower.hellos.slice(1).map(({ resumed }) => resumed)).toContain(false),
    40_000,
  );
  expect(new Set(follower.reasons)).toContain('RESYNC');
  const before = follower.ids.length;
  const next = [await cluster.append(userId), await cluster.append(userId)];
  await follower.until(() => expect(follower.ids.slice(before)).toEqual(next.map(({ eventId }) => eventId)));
}

/** Trims all events, by the clock of Redis. */
async function trimAll(): Promise<void> {
  await vi.waitFor(
    async () => {
      await trimOlderThan(cluster.log, 0);
      expect(await cluster.redis.xlen(cluster.log.globalKey)).toBe(0);
    },
    { timeout: 10_000 },
  );
}

const untilGap = (reason: string, count: number) =>
  vi.waitFor(() => expect(gaps(reason)).toBeGreaterThanOrEqual(count), { timeout: 40_000, interval: 50 });
const gaps = (reason: string) =>
  cluster.lines.filter((line) => line.includes('cannot be read on from the cursor') && line.includes(reason))
    .length;

it('clients that missed events trimmed while the gateway was disconnected are resynced; the others continue', async () => {
  const [missing, complete] = [await playing(), await playing()];
  const before = gaps('trimmed');
  cluster.links.gatewayToPush.cut();
  await cluster.append(missing.userId);
  await cluster.append(missing.userId);
  await trimAll();
  const after = await cluster.append(complete.userId);
  cluster.links.gatewayToPush.heal();

  await untilGap('trimmed', before + 1);
  await expectResyncThenEvents(missing);
  expect(missing.follower.reasons).toEqual(['RESYNC']);
  await complete.follower.untilExactly([complete.had, after]);
  expect([complete.follower.reasons, complete.follower.hellos.length]).toEqual([[], 1]);
});

it('a client that was away while its events were trimmed is resynced when it comes back', async () => {
  const { follower, userId, had } = await playing();
  await follower.stop();
  await cluster.append(userId);
  await cluster.append(userId);
  await trimAll();
  const back = new Follower(cluster, follower.player, { lastEventId: had.eventId });
  followers.push(back);
  await back.opened();
  expect(back.hellos[0]).toMatchObject({ resumed: false });
  const next = await cluster.append(userId);
  await back.untilExactly([next]);
});

it('all clients are resynced when Redis has lost the push log, and events continue in its new epoch', async () => {
  const all = [await playing(), await playing(), await playing()];
  await cluster.redis.flushdb();
  for (const player of all) await expectResyncThenEvents(player);
});

it('the same when it was lost while the gateway was disconnected, with undelivered events in both epochs', async () => {
  const all = [await playing(), await playing(), await playing()];
  cluster.links.gatewayToPush.cut();
  for (const { userId } of all) await cluster.append(userId);
  await cluster.redis.flushdb();
  for (const { userId } of all) await cluster.append(userId);
  cluster.links.gatewayToPush.heal();
  for (const player of all) await expectResyncThenEvents(player);
});

it('a session that is revoked while the push log is being lost still ends', async () => {
  const [ending, living] = [await playing(), await playing()];
  cluster.links.gatewayToPush.cut();
  const { session } = ending.follower.player;
  await cluster.askBackend(`/api/v1/user/sessions/${session.deviceSessionId}/revoke`, session);
  await cluster.redis.flushdb();
  cluster.links.gatewayToPush.heal();
  await ending.follower.until(() => expect(ending.follower.failure).toBeDefined(), 40_000);
  expect(ending.follower.reasons.at(-1)).toBe('SESSION_REVOKED');
  await expectResyncThenEvents(living);
});
