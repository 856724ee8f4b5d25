// Revocations that do not reach the gateway, because its link to the push process is down: the streams of revoked
// sessions still end within the bound, because the gateway asks the backend; and when the backend does not respond
// either, streams end rather than stay open unverified.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Follower } from '../support/gateway/follower.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

const staleAfterMs = 7_000;
const unverifiedAfterMs = 6_000;
/** Additional time for a busy machine. */
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

it('a session that is revoked while the push link is down ends within the bound; the others stay open', async ({
  annotate,
}) => {
  const [revoked, active] = [await cluster.signIn(), await cluster.signIn()];
  const [ending, living] = [await follow(revoked), await follow(active)];
  cluster.links.gatewayToPush.cut();
  await cluster.askBackend(
    `/api/v1/user/sessions/${revoked.session.deviceSessionId}/revoke`,
    revoked.session,
  );
  const revokedAt = performance.now();
  const boundMs = staleAfterMs + unverifiedAfterMs + slackMs;
  await ending.until(() => expect(ending.failure).toBeDefined(), boundMs);
  expect(ending.reasons).toEqual(['SESSION_REVOKED']);
  await annotate(
    `ended ${Math.round((ending.endings[0]?.at ?? Number.NaN) - revokedAt)} ms after the response to the revocation`,
  );

  cluster.links.gatewayToPush.heal();
  const event = await cluster.append(active.session.userId);
  await living.until(() => expect(living.ids).toEqual([event.eventId]), 40_000);
  expect([living.reasons, living.hellos.length]).toEqual([[], 1]);
});

it('streams end with UNVERIFIED when the backend is unreachable, too, and resume without loss once it is back', async () => {
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
