import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startTestPush } from '../../support/backend/push-process.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { callersText } from '../../support/service-callers.ts';
import { createTestRedis } from '../../support/stores/redis.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

const { Check, Watch } = healthService;
if (Check === undefined || Watch === undefined) throw new Error('grpc-health-check has no Check or Watch');
const { path, requestSerialize, responseDeserialize } = Check;

function newClient(addr: string): Client {
  const client = new Client(addr, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  cleanUp.push(() => client.close());
  return client;
}

/** What Check says, or the code of its refusal. */
function check(addr: string, service: string): Promise<unknown> {
  const client = newClient(addr);
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null, answer?: object) => resolve(error?.code ?? answer);
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service },
      new Metadata(),
      {},
      answered,
    );
  });
}

function watch(client: Client, service: string) {
  const received: unknown[] = [];
  const stream = client.makeServerStreamRequest(Watch?.path ?? '', requestSerialize, responseDeserialize, {
    service,
  });
  const ended = new Promise<number>((resolve) => {
    stream.on('data', (response: { status: string }) => received.push(response.status));
    stream.on('error', (error: ServiceError) => resolve(error.code));
  });
  return { received, ended, cancel: () => stream.cancel() };
}

async function start(variables: Record<string, string> = {}): Promise<TestGateway> {
  const gateway = await startTestGateway(variables);
  cleanUp.push(() => gateway[Symbol.asyncDispose]());
  return gateway;
}

describe('grpc.health.v1', () => {
  it('reports the gateway as a whole and its service, without a signature, and nothing else', async () => {
    const { grpcAddr } = await start();
    expect(await check(grpcAddr, '')).toEqual({ status: 'SERVING' });
    expect(await check(grpcAddr, 'galaxy.gateway.v1.EdgeGateway')).toEqual({ status: 'SERVING' });
    expect(await check(grpcAddr, 'galaxy.lobby')).toBe(status.NOT_FOUND);
  });

  it('reports the backend’s push listener', async () => {
    const redis = await createTestRedis();
    cleanUp.push(() => redis.drop());
    const push = await startTestPush(redis, { BACKEND_PUSH_GRPC_CALLERS: callersText('not-asked-for-here') });
    cleanUp.push(() => push.stop());
    expect(await check(push.addr, 'galaxy.push.v1.Push')).toEqual({ status: 'SERVING' });
  });

  it('notifies watchers of the drain from its first moment, and does not wait for them', async () => {
    const gateway = await start({ GATEWAY_SHUTDOWN_TIMEOUT: '10s' });
    const watching = watch(newClient(gateway.grpcAddr), '');
    await vi.waitFor(() => expect(watching.received).toEqual(['SERVING']), { timeout: 10_000 });
    const startedAt = performance.now();
    await gateway.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await watching.ended).toBe(status.UNAVAILABLE);
    expect(watching.received).toEqual(['SERVING', 'NOT_SERVING']);
  });

  it('responds with NOT_SERVING while running commands still finish', async () => {
    const gateway = await start();
    let finish: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      gateway.lobby.answer = (_, response) => {
        finish = () => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
        resolve();
      };
    });
    const probing = newClient(gateway.grpcAddr);
    const probed = watch(probing, '');
    await vi.waitFor(() => expect(probed.received).toEqual(['SERVING']), { timeout: 10_000 });
    const player = gateway.newClient();
    const command = player.send(player.signCommand('lobby.game.list', {}));
    await asked;
    const stopped = gateway.stop();
    await vi.waitFor(() => expect(probed.received).toEqual(['SERVING', 'NOT_SERVING']), { timeout: 10_000 });
    finish();
    expect((await command).resultCode).toBe('ok');
    await stopped;
  });

  it('lets 64 watch at a time', async () => {
    const { grpcAddr } = await start();
    const client = newClient(grpcAddr);
    const watchers = Array.from({ length: 64 }, () => watch(client, ''));
    await vi.waitFor(() => expect(watchers.every(({ received }) => received.length === 1)).toBe(true), {
      timeout: 15_000,
    });
    expect(await watch(client, '').ended).toBe(status.RESOURCE_EXHAUSTED);
    watchers[0]?.cancel();
    await vi.waitFor(
      async () => {
        const next = watch(client, '');
        // One that is admitted too late must not keep the place.
        await vi
          .waitFor(() => expect(next.received).toEqual(['SERVING']), { timeout: 300 })
          .catch((error) => {
            next.cancel();
            throw error;
          });
      },
      { timeout: 10_000 },
    );
    expect(await check(grpcAddr, '')).toEqual({ status: 'SERVING' });
  });
});
