// Revocations that the gateway cannot hear of, because its link to the push process is down: streams whose sessions
// were revoked end within the bound all the same, because the gateway asks the backend; and when it cannot ask either,
// streams end rather than stay open unverified.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Follower } from '../support/gateway/follower.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

const staleAfterMs = 7_000;
const unverifiedAfterMs = 6_000;
/** For a machine that does other things, too. */
const slackMs = 5_000;

let cluster: Cluster;
const followers: Follower[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    environment: {
      GATEWAY_PUSH_STALE_AFTER: `${staleAfterMs}ms`,
      GATEWAY_PUSH_UNVERIFIED_AFTER: `${unverifiedAfterMs}ms`,
      GATEWAY_BACKEND_TIMEOUT: '2s',
    },
  });
});
afterEach(async () => {
  const { gatewayToPush, gatewayToBackend } = cluster.links;
  for (const link of [gatewayToPush, gatewayToBackend]) link.heal();
  await Promise.all(followers.splice(0).map((follower) => follower.stop()));
});
afterAll(() => cluster?.stop());

async function follow(player: Player): Promise<Follower> {
  const follower = new Follower(cluster, player);
  followers.push(follower);
  return follower.opened();
}

it('a session that is revoked while the push link is down ends within the bound; the others live on', async ({
  annotate,
}) => {
  const [lost, kept] = [await cluster.signIn(), await cluster.signIn()];
  const [ending, living] = [await follow(lost), await follow(kept)];
  cluster.links.gatewayToPush.cut();
  await cluster.askBackend(`/api/v1/user/sessions/${lost.session.deviceSessionId}/revoke`, lost.session);
  const revokedAt = performance.now();
  const boundMs = staleAfterMs + unverifiedAfterMs + slackMs;
  await ending.until(() => expect(ending.failure).toBeDefined(), boundMs);
  expect(ending.reasons).toEqual(['SESSION_REVOKED']);
  await annotate(
    `ended ${Math.round((ending.endings[0]?.at ?? Number.NaN) - revokedAt)} ms after the answer to the revocation`,
  );

  cluster.links.gatewayToPush.heal();
  const event = await cluster.append(kept.session.userId);
  await living.until(() => expect(living.ids).toEqual([event.eventId]), 40_000);
  expect([living.reasons, living.hellos.length]).toEqual([[], 1]);
});

it('streams end with UNVERIFIED when the backend is out of reach, too, and come back with everything once it is there', async () => {
  const player = await cluster.signIn();
  const follower = await follow(player);
  const first = await cluster.append(player.session.userId);
  await follower.untilExactly([first]);

  cluster.links.gatewayToPush.cut();
  cluster.links.gatewayToBackend.cut();
  const second = await cluster.append(player.session.userId);
  const boundMs = staleAfterMs + unverifiedAfterMs + slackMs;
  await follower.until(() => expect(follower.reasons[0]).toBe('UNVERIFIED'), boundMs);

  cluster.links.gatewayToBackend.heal();
  cluster.links.gatewayToPush.heal();
  await follower.opened(2);
  await follower.untilExactly([first, second]);
  expect(follower.hellos[1]).toMatchObject({ resumed: true, lastEventId: first.eventId });
});
