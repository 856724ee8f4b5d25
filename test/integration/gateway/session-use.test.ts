// The gateway reports that a session is used only after it has verified a signature, and no more often than it is asked to.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { type Answer, json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { TestClient } from '../../support/gateway/test-client.ts';

let gateway: TestGateway;
let known: Answer;
/** Of the backend in the test. */
let useIsDue: boolean;
let report: Answer;

beforeAll(async () => {
  gateway = await startTestGateway();
  known = gateway.backend.answer;
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  useIsDue = true;
  report = json(200, {});
  gateway.backend.received.length = 0;
});

/** A client of whose session the backend wants to know the use. */
function newClient(): TestClient {
  const client = gateway.newClient();
  const { deviceSessionId, userId } = client.session;
  gateway.backend.answer = (request, response) => {
    if (request.method === 'POST') return report(request, response);
    if (!request.url.endsWith(deviceSessionId)) return known(request, response);
    const session = {
      device_session_id: deviceSessionId,
      user_id: userId,
      status: 'active',
      client_public_key: Buffer.from(client.publicKey).toString('base64'),
      ...(useIsDue ? { use_is_due: true } : {}),
    };
    json(200, session)(request, response);
  };
  return client;
}

const reports = () =>
  gateway.backend.received.filter(({ method }) => method === 'POST').map(({ url }) => url);
const list = (client: TestClient) => client.execute('lobby.game.list', {});

it('reports a use that is due after a valid signature, and none that is not', async () => {
  const client = newClient();
  await list(client);
  const path = `/api/v1/internal/sessions/${client.session.deviceSessionId}/use`;
  await vi.waitFor(() => expect(reports()).toEqual([path]), { timeout: 10_000 });
  useIsDue = false;
  await list(client);
  expect(reports()).toEqual([path]);
});

it('reports nothing for a stranger who knows the session and has not its key', async () => {
  const { session } = newClient();
  const { privateKey } = generateKeyPairSync('ed25519');
  const stranger = new TestClient(gateway, privateKey, session, { patienceMs: 0 });
  for (let request = 0; request < 3; request += 1) {
    await expect(list(stranger)).rejects.toMatchObject({ reason: 'BAD_SIGNATURE' });
  }
  stranger.close();
  expect(gateway.backend.received).toHaveLength(3);
  expect(reports()).toEqual([]);
});

it('sends one report at a time for a session', async () => {
  const reported = Promise.withResolvers<void>();
  report = (request, response) => void reported.promise.then(() => json(200, {})(request, response));
  const client = newClient();
  await Promise.all(Array.from({ length: 10 }, () => list(client)));
  await vi.waitFor(() => expect(reports()).toHaveLength(1), { timeout: 10_000 });
  reported.resolve();
});

it('keeps no command waiting for a report, and causes no other one while it fails', async () => {
  report = json(500, { error: { code: 'internal_error', message: 'No.' } });
  const client = newClient();
  await list(client);
  await vi.waitFor(() => expect(reports()).toHaveLength(1), { timeout: 10_000 });
  // The response to the report has arrived when a request on the same connections after it has.
  await vi.waitFor(
    async () => {
      const before = reports().length;
      for (let request = 0; request < 3; request += 1) expect((await list(client)).resultCode).toBe('ok');
      expect(reports()).toHaveLength(before);
    },
    { timeout: 10_000 },
  );
});
