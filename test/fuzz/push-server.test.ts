// Arbitrary input on the push service's port: it is refused, no fault is logged, and gateways are still served.
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { PushService, ReadUserEventsRequest } from '../../lib/protocol/generated/galaxy/push/v1/push.ts';
import { anyBytes, anyFrames, damaged, fuzzSeed, samples, sendAll } from '../support/network/fuzz.ts';
import {
  callHeaders,
  endHeaders,
  endStream,
  frame,
  frameType,
  message,
  preface,
} from '../support/network/raw-http2.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';

const { readUserEvents, subscribePush } = PushService;
const bytes = (value: Buffer) => value;
const userId = '01930f3c-7b1a-7000-8000-0000000000aa';
const request = Buffer.from(ReadUserEventsRequest.encode({ userId, afterEventId: '' }).finish());
let redis: TestRedis;
let push: RunningProcess;
let addr: string;
let client: Client;

beforeAll(async () => {
  redis = await createTestRedis();
  addr = `127.0.0.1:${await freePort()}`;
  push = runEntry('workers/backend-push.ts', {
    BACKEND_PUSH_GRPC_ADDR: addr,
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
    BACKEND_LOG_LEVEL: 'error',
  });
  client = new Client(addr, credentials.createInsecure());
  await vi.waitFor(async () => expect(await read(request)).toBe('OK'), { timeout: 15_000, interval: 50 });
});
afterAll(async () => {
  client.close();
  push.child.kill('SIGTERM');
  await push.ended;
  await redis.drop();
});

const statusName = (error: ServiceError | null) =>
  error === null ? 'OK' : (status[error.code] ?? 'unknown');

function read(content: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const deadline = Date.now() + 5_000;
    client.makeUnaryRequest(
      readUserEvents.path,
      bytes,
      bytes,
      content,
      new Metadata(),
      { deadline },
      (error) => resolve(statusName(error)),
    );
  });
}

/** @returns `OK` when the request is served. */
function subscribe(content: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest(subscribePush.path, bytes, bytes);
    stream.on('data', () => {
      resolve('OK');
      stream.cancel();
    });
    stream.on('error', (error: ServiceError) => resolve(statusName(error)));
    stream.write(content);
  });
}

describe(`with GALAXY_FUZZ_SEED=${fuzzSeed} the push process withstands`, () => {
  it('any bytes, any frames, and damaged conversations', async () => {
    const greeting = Buffer.concat([preface, frame(frameType.SETTINGS, 0, 0)]);
    const call = frame(frameType.HEADERS, endHeaders, 1, callHeaders(subscribePush.path));
    const valid = Buffer.concat([
      greeting,
      frame(frameType.HEADERS, endHeaders, 1, callHeaders(readUserEvents.path)),
      frame(frameType.DATA, endStream, 1, message(request)),
    ]);
    await sendAll(addr, samples(anyBytes, 100));
    await sendAll(
      addr,
      samples(anyFrames, 200).map((frames) => Buffer.concat([greeting, call, frames])),
    );
    await sendAll(addr, samples(damaged(valid), 300));
  });

  it('any message', async () => {
    const messages = [...samples(anyBytes, 150), ...samples(damaged(request), 150)];
    const found = new Set(await Promise.all(messages.map(read)));
    const subscribed = new Set(await Promise.all(messages.slice(0, 150).map(subscribe)));
    // Here gRPC itself uses INTERNAL to say that a message is not protobuf.
    const allowed = ['OK', 'INVALID_ARGUMENT', 'INTERNAL'];
    expect([...found, ...subscribed].filter((name) => !allowed.includes(name))).toEqual([]);
  });
});

it('afterwards the push process still serves, and has logged no fault', async () => {
  expect(await read(request)).toBe('OK');
  expect(push.stdout()).toBe('');
  push.child.kill('SIGTERM');
  expect(await push.ended).toMatchObject({ exitCode: 0, stderr: '' });
});
