// Requests of clients without a session's key, replays, and services that do not respond: what they cost the gateway,
// and what they leave to players.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { GatewayError } from '../../../lib/client/gateway-error.ts';
import { gatewayErrorOf } from '../../../lib/client/grpc-transport.ts';
import { poolSizes } from '../../../lib/gateway/commands/upstream.ts';
import { unverifiedBounds } from '../../../lib/gateway/rate-limit/unverified-requests.ts';
import { commandBytes } from '../../../lib/protocol/envelope.ts';
import {
  EdgeGatewayClient,
  type ExecuteCommandRequest,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { TestClient } from '../../support/gateway/test-client.ts';
import { scrape } from '../../support/telemetry/prometheus-text.ts';

const untilTimeout = { timeout: 10_000, interval: 20 };

let cleanUp = new AsyncDisposableStack();
afterEach(async () => {
  await cleanUp.disposeAsync();
  cleanUp = new AsyncDisposableStack();
});

type Outcome = { reason: string; retryAfterMs: number; metadata: Readonly<Record<string, string>> };

async function outcome(sent: Promise<{ resultCode: string }>): Promise<Outcome> {
  try {
    return { reason: (await sent).resultCode, retryAfterMs: 0, metadata: {} };
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

const reasons = async (sent: Promise<{ resultCode: string }>[]) =>
  (await Promise.all(sent.map(outcome))).map(({ reason }) => reason);

/** A client on a connection of its own, whose requests a trusted proxy would hand on for an address. */
function from(gateway: TestGateway, address: string) {
  const grpc = new EdgeGatewayClient(gateway.grpcAddr, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  cleanUp.defer(() => grpc.close());
  const metadata = new Metadata();
  metadata.set('x-forwarded-for', address);
  return (request: ExecuteCommandRequest) =>
    new Promise<{ resultCode: string }>((resolve, reject) => {
      grpc.executeCommand(request, metadata, (error: ServiceError | null, response) => {
        if (error) reject(gatewayErrorOf(error));
        else resolve(response);
      });
    });
}

/** A client whose session nobody knows. */
function stranger(gateway: TestGateway): TestClient {
  const key = generateKeyPairSync('ed25519').privateKey;
  const session = { deviceSessionId: randomUUID(), userId: randomUUID() };
  const client = new TestClient({ httpUrl: gateway.httpUrl, grpcAddr: gateway.grpcAddr }, key, session);
  cleanUp.defer(() => client.close());
  return client;
}

describe('requests that are not verified', () => {
  it('are held in a bounded number of bytes while the backend is slow, and players are served', async ({
    annotate,
  }) => {
    const metricsAddr = `127.0.0.1:${await freePort()}`;
    const gateway = cleanUp.use(
      await startTestGateway(
        {
          GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
          GATEWAY_ADMIN_HTTP_ADDR: metricsAddr,
          GATEWAY_BACKEND_TIMEOUT: '60s',
        },
        gatewayProcess().run,
      ),
    );
    const knows = gateway.backend.answer;
    const held: (() => void)[] = [];
    const player = gateway.newClient();
    gateway.backend.answer = (request, response) => {
      if (request.url.endsWith(player.session.deviceSessionId)) knows(request, response);
      else held.push(() => knows(request, response));
    };
    const memory = async () =>
      (await scrape(`http://${metricsAddr}/metrics`)).value('galaxy_gateway_memory_bytes', { kind: 'rss' });
    const play = (address: string) =>
      outcome(from(gateway, address)(player.signCommand('lobby.game.list', {})));
    expect(await play('198.51.100.1')).toMatchObject({ reason: 'ok' });
    const before = await memory();

    const unknown = stranger(gateway);
    const senders = Array.from({ length: 8 }, () => from(gateway, '198.51.100.1'));
    const payload = { text: 'x'.repeat(256 * 1024 - 20) };
    const requests = Array.from({ length: 400 }, () => unknown.signCommand('lobby.game.create', payload));
    let most = before;
    const sampling = setInterval(() => {
      void memory().then((bytes) => {
        most = Math.max(most, bytes);
      });
    }, 100);
    const settled: Outcome[] = [];
    const sent = requests.map(async (request, index) => {
      const send = senders[index % senders.length];
      if (send !== undefined) settled.push(await outcome(send(request)));
    });
    const admitted = Math.floor(unverifiedBounds.address.bytes / (256 * 1024 + 1_024));
    await vi.waitFor(() => expect([settled.length, held.length]).toEqual([400 - admitted, admitted]), {
      ...untilTimeout,
      timeout: 30_000,
    });
    for (const refused of settled) {
      expect(refused).toMatchObject({ reason: 'RATE_LIMITED', metadata: { limit: 'unverified_in_flight' } });
      expect(refused.retryAfterMs).toBeGreaterThan(0);
    }
    expect(await play('198.51.100.1')).toMatchObject({ reason: 'ok' });
    expect(await play('198.51.100.2')).toMatchObject({ reason: 'ok' });
    for (const answer of held) answer();
    await Promise.all(sent);
    clearInterval(sampling);
    const mebibytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
    await annotate(`RSS ${mebibytes(before)} MiB before, ${mebibytes(most)} MiB at most`);
    expect(settled.filter(({ reason }) => reason === 'SESSION_UNKNOWN').length).toBe(admitted);
  }, 60_000);

  it('reach the backend at a low rate of one address, behind which a player plays on', async () => {
    const gateway = cleanUp.use(
      await startTestGateway({
        GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
        GATEWAY_RATE_LIMIT_GRPC_UNVERIFIED: '1/h burst 10',
      }),
    );
    const send = from(gateway, '198.51.100.1');
    const player = gateway.newClient();
    const play = () => send(player.signCommand('lobby.game.list', {}));
    expect(await reasons([play()])).toEqual(['ok']);
    gateway.backend.received.length = 0;

    const [unknown, revoked, someone] = [
      stranger(gateway),
      gateway.newClient('revoked'),
      gateway.newClient(),
    ];
    const forged = () => ({
      ...someone.signCommand('lobby.game.list', {}),
      signature: sign(
        null,
        commandBytes(unknown.signCommand('lobby.game.list', {})),
        generateKeyPairSync('ed25519').privateKey,
      ),
    });
    const results: string[] = [];
    for (let attempt = 0; attempt < 20; attempt += 1) {
      results.push(
        ...(await reasons([
          send(unknown.signCommand('lobby.game.list', {})),
          send(revoked.signCommand('lobby.game.list', {})),
          send(forged()),
          play(),
        ])),
      );
    }
    const count = (reason: string) => results.filter((result) => result === reason).length;
    expect(count('ok')).toBe(20);
    expect(count('SESSION_UNKNOWN') + count('SESSION_REVOKED') + count('BAD_SIGNATURE')).toBe(10);
    expect(count('RATE_LIMITED')).toBe(50);
    expect(gateway.backend.received).toHaveLength(30);
    // Somebody who comes from another address is not hurt.
    expect(
      await reasons([from(gateway, '198.51.100.2')(someone.signCommand('lobby.game.list', {}))]),
    ).toEqual(['ok']);
  });
});

describe('a session’s budget', () => {
  it('is not used up by replays, of which none takes effect', async () => {
    const gateway = cleanUp.use(
      await startTestGateway({
        GATEWAY_RATE_LIMIT_SESSION_WRITE: '1/h burst 3',
        GATEWAY_RATE_LIMIT_USER_WRITE: '1/h burst 3',
      }),
    );
    const client = gateway.newClient();
    const captured = client.signCommand('lobby.game.create', {});
    expect(await reasons([client.send(captured)])).toEqual(['ok']);
    const replays: string[] = [];
    for (let round = 0; round < 125; round += 1) {
      replays.push(...(await reasons(Array.from({ length: 8 }, () => client.send(captured)))));
    }
    expect(replays).toHaveLength(1_000);
    // Those at once that find no token left are refused before they are known as replays.
    for (const reason of replays) expect(['REPLAY_DETECTED', 'RATE_LIMITED']).toContain(reason);
    expect(replays).toContain('REPLAY_DETECTED');
    const write = () => reasons([client.send(client.signCommand('lobby.game.create', {}))]);
    expect([await write(), await write(), await write()]).toEqual([['ok'], ['ok'], ['RATE_LIMITED']]);
    expect(gateway.lobby.received).toHaveLength(3);
  });

  it('bounds what is reserved of requests and replays at once', async () => {
    const gateway = cleanUp.use(await startTestGateway({ GATEWAY_RATE_LIMIT_SESSION_WRITE: '1/h burst 20' }));
    const client = gateway.newClient();
    const sent = Array.from({ length: 60 }, () => client.signCommand('lobby.game.create', {}));
    const results = await reasons([...sent, ...sent].map((request) => client.send(request)));
    expect(results.filter((result) => result === 'ok').length).toBeLessThanOrEqual(20);
    // What was refused for its rate only is sent again as it is, until the budget is used up.
    for (const request of sent) await outcome(client.send(request));
    expect(gateway.lobby.received).toHaveLength(20);
  });
});

describe('an upstream that does not respond', () => {
  it('holds a bounded number of commands; one more is refused, and accepted when it is sent again as it is', async () => {
    const metricsAddr = `127.0.0.1:${await freePort()}`;
    const gateway = cleanUp.use(
      await startTestGateway({
        GATEWAY_ADMIN_HTTP_ADDR: metricsAddr,
        GATEWAY_RATE_LIMIT_SESSION_READ: 'off',
        GATEWAY_RATE_LIMIT_USER_READ: 'off',
        GATEWAY_BACKEND_TIMEOUT: '60s',
      }),
    );
    const reserved = async () =>
      (await scrape(`http://${metricsAddr}/metrics`)).value('galaxy_gateway_stage_duration_seconds_count', {
        stage: 'replay',
      });
    const [client, other] = [gateway.newClient(), gateway.newClient()];
    expect(await reasons([client.execute('lobby.game.list', {})])).toEqual(['ok']);
    const answer = gateway.lobby.answer;
    const knows = gateway.backend.answer;
    const held: ServerResponse[] = [];
    gateway.lobby.answer = (_, response) => held.push(response);
    const { connections, queue } = poolSizes.commands;
    const waiting: Promise<{ resultCode: string }>[] = [];
    const before = await reserved();
    // Who has reserved its request id has a place. A connection has at most 128 calls.
    while (waiting.length < connections + queue) {
      const sender = from(gateway, '198.51.100.1');
      for (let count = 0; count < 64; count += 1)
        waiting.push(sender(client.signCommand('lobby.game.list', {})));
      await vi.waitFor(async () => expect(await reserved()).toBe(before + waiting.length), untilTimeout);
    }
    await vi.waitFor(() => expect(held).toHaveLength(connections), untilTimeout);

    const request = other.signCommand('lobby.game.list', {});
    const refused = await outcome(other.send(request));
    expect(refused).toMatchObject({ reason: 'OVERLOADED' });
    expect(refused.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    // The backend and its look-ups have places of their own.
    gateway.backend.answer = (asked, response) => {
      if (asked.url.startsWith('/api/v1/internal/')) knows(asked, response);
      else json(200, { user_id: other.session.userId })(asked, response);
    };
    expect(await reasons([other.execute('user.account.get', {})])).toEqual(['ok']);

    gateway.lobby.answer = answer;
    for (const response of held) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    expect(new Set(await reasons(waiting))).toEqual(new Set(['ok']));
    expect(await reasons([other.send(request)])).toEqual(['ok']);
  });
});
