// A revocation through the backend's HTTP API, and the live streams of the session at two gateways.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { startUpstreamServer } from '../support/gateway/fake-upstream.ts';
import { Follower } from '../support/gateway/follower.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

/** The promise is one second; a busy machine may take longer. */
const patienceMs = 10_000;

let cluster: Cluster;
const followers: Follower[] = [];

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2 });
});
afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.stop()));
});
afterAll(() => cluster?.stop());

/** Opens a stream of each player at each gateway. */
function openEverywhere(...players: Player[]): Follower[] {
  const opened = players.flatMap((player) =>
    cluster.gateways.map((_, gateway) => new Follower(cluster, player, { gateways: [gateway] })),
  );
  followers.push(...opened);
  return opened;
}

async function followEverywhere(...players: Player[]): Promise<Follower[]> {
  const opened = openEverywhere(...players);
  await Promise.all(opened.map((follower) => follower.opened()));
  return opened;
}

/** Waits until the streams have ended with SESSION_REVOKED and stay closed. @returns how long each took, in ms. */
async function untilRevoked(streams: Follower[], since: number): Promise<number[]> {
  await Promise.all(
    streams.map((stream) => stream.until(() => expect(stream.failure).toBeDefined(), patienceMs)),
  );
  expect(streams.map(({ reasons }) => reasons)).toEqual(streams.map(() => ['SESSION_REVOKED']));
  return streams.map(({ endings }) => Math.round((endings[0]?.at ?? Number.NaN) - since));
}

/** The next event arrives on the streams that were open all the time. */
async function expectAlive(streams: Follower[]): Promise<void> {
  for (const stream of streams) {
    const event = await cluster.append(stream.player.session.userId);
    await stream.until(() => expect(stream.ids).toContain(event.eventId));
    expect([stream.reasons, stream.hellos.length]).toEqual([[], 1]);
  }
}

const figures = (all: number[]) => {
  const sorted = all.toSorted((a, b) => a - b);
  return `streams ended ${sorted[0]} to ${sorted.at(-1)} ms after the response to the revocation (median ${sorted[Math.floor(sorted.length / 2)]} ms, ${sorted.length} streams)`;
};

it('ends the streams of the session at every gateway, and those of the same user’s other sessions stay open', async ({
  annotate,
}) => {
  const took: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const email = `${randomUUID()}@example.com`;
    const [revoked, active] = [await cluster.signIn(email), await cluster.signIn(email)];
    expect(active.session.userId).toBe(revoked.session.userId);
    const streams = await followEverywhere(revoked);
    const others = await followEverywhere(active);
    await cluster.askBackend(
      `/api/v1/user/sessions/${revoked.session.deviceSessionId}/revoke`,
      revoked.session,
    );
    took.push(...(await untilRevoked(streams, performance.now())));
    await expectAlive(others);
  }
  await annotate(figures(took));
});

it('ends the streams of all sessions of a user who signs out everywhere, and of no other user', async ({
  annotate,
}) => {
  const email = `${randomUUID()}@example.com`;
  const [first, second, other] = [
    await cluster.signIn(email),
    await cluster.signIn(email),
    await cluster.signIn(),
  ];
  const streams = await followEverywhere(first, second);
  const others = await followEverywhere(other);
  const response = await cluster.askBackend('/api/v1/user/sessions/revoke-all', first.session);
  const took = await untilRevoked(streams, performance.now());
  expect(response).toEqual({ revoked_sessions: 2 });
  await expectAlive(others);
  await annotate(figures(took));
});

it('ends the streams of a user whom an admin blocks', async ({ annotate }) => {
  const [blocked, other] = [await cluster.signIn(), await cluster.signIn()];
  const streams = await followEverywhere(blocked);
  const others = await followEverywhere(other);
  const { userId } = blocked.session;
  await cluster.askBackend(`/api/v1/internal/users/${userId}/block`, 'admin', { reason_code: 'abuse' });
  const took = await untilRevoked(streams, performance.now());
  await expectAlive(others);
  await annotate(figures(took));
});

it('ends a stream that is being opened, whether revocation or stream comes first', async () => {
  for (const waitMs of [0, 1, 2, 4, 6, 8, 12, 16, 24, 32]) {
    const player = await cluster.signIn();
    const streams = openEverywhere(player);
    // Not a wait: it tries different moments.
    await delay(waitMs);
    await cluster.askBackend(
      `/api/v1/user/sessions/${player.session.deviceSessionId}/revoke`,
      player.session,
    );
    await untilRevoked(streams, performance.now());
  }
});

it('ends a stream whose session is still being looked up', async () => {
  const player = await cluster.signIn();
  let held = 0;
  // Holds back its responses.
  const backend = await startUpstreamServer(() => {
    held += 1;
  });
  onTestFinished(async () => {
    cluster.links.gatewayToBackend.lead();
    await backend.close();
  });
  const { hostname, port } = new URL(backend.url);
  cluster.links.gatewayToBackend.lead({ host: hostname, port: Number(port) });
  const streams = openEverywhere(player);
  await vi.waitFor(() => expect(held).toBe(streams.length), { timeout: patienceMs });
  await cluster.askBackend(`/api/v1/user/sessions/${player.session.deviceSessionId}/revoke`, player.session);
  await untilRevoked(streams, performance.now());
  expect(streams.map(({ hellos }) => hellos)).toEqual([[], []]);
});
