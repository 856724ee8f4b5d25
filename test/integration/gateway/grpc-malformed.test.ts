import { gzipSync } from 'node:zlib';
import { type ChannelOptions, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatewayErrorOf } from '../../../lib/client/grpc-transport.ts';
import { EdgeGatewayService } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import {
  callHeaders,
  endHeaders,
  endStream,
  frame,
  frameType,
  message,
  RawHttp2,
} from '../../support/network/raw-http2.ts';

const bytes = (value: Buffer) => value;
const { executeCommand, subscribeEvents } = EdgeGatewayService;
const notProtobuf = Buffer.from('ffffffffffffffff', 'hex');

let gateway: TestGateway;
const clients: Client[] = [];
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await gateway[Symbol.asyncDispose]();
});

function newClient(options: ChannelOptions = {}): Client {
  const client = new Client(gateway.grpcAddr, credentials.createInsecure(), options);
  clients.push(client);
  return client;
}

/** How the gateway refuses these bytes as a request. */
function refusal(path: string, request: Buffer, options: ChannelOptions = {}, metadata = new Metadata()) {
  return new Promise<{ code: number; reason: string; details: string }>((resolve, reject) => {
    newClient(options).makeUnaryRequest(path, bytes, bytes, request, metadata, (error) => {
      if (error === null) reject(new Error('the gateway accepted the request'));
      else resolve({ code: error.code, reason: gatewayErrorOf(error).reason, details: error.details });
    });
  });
}

const malformed = { code: status.INVALID_ARGUMENT, reason: 'MALFORMED_ENVELOPE' };
const tooLarge = { code: status.RESOURCE_EXHAUSTED, reason: 'MESSAGE_TOO_LARGE' };

describe('what is not an envelope is refused with a reason:', () => {
  it('bytes that are not protobuf, for a command and for a subscription', async () => {
    expect(await refusal(executeCommand.path, notProtobuf)).toMatchObject(malformed);
    const ended = new Promise<ServiceError>((resolve) => {
      newClient()
        .makeServerStreamRequest(subscribeEvents.path, bytes, bytes, notProtobuf)
        .on('data', () => undefined)
        .on('error', resolve);
    });
    expect(gatewayErrorOf(await ended)).toMatchObject({
      grpcCode: malformed.code,
      reason: malformed.reason,
    });
  });

  it('an empty message', async () => {
    const refused = await refusal(executeCommand.path, Buffer.alloc(0));
    expect(refused).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'UNSUPPORTED_PROTOCOL_VERSION',
    });
  });

  it.each([273 * 1024, 3 * 1024 * 1024])('a message of %i bytes', async (size) => {
    expect(await refusal(executeCommand.path, Buffer.alloc(size))).toMatchObject(tooLarge);
  });

  it('the largest message that may be is not too large', async () => {
    expect(await refusal(executeCommand.path, Buffer.alloc(272 * 1024, 0xff))).toMatchObject(malformed);
  });
});

describe('what gRPC refuses by itself has a status and no reason:', () => {
  const unimplemented = { code: status.UNIMPLEMENTED, reason: '' };

  it('unknown methods and services', async () => {
    expect(await refusal('/galaxy.gateway.v1.EdgeGateway/Other', Buffer.alloc(0))).toMatchObject(
      unimplemented,
    );
    expect(await refusal('/galaxy.other/ExecuteCommand', Buffer.alloc(0))).toMatchObject(unimplemented);
  });

  it('compressed requests', async () => {
    const gzip = { 'grpc.default_compression_algorithm': 2 };
    expect(await refusal(executeCommand.path, Buffer.alloc(4_096), gzip)).toMatchObject(unimplemented);
  });

  it('a compressed message in a request that names no compression is taken for what it is', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const raw = await RawHttp2.open(gateway.grpcAddr);
    raw.send(
      frame(frameType.HEADERS, endHeaders, 1, callHeaders(executeCommand.path)),
      ...[0, 1, 2].map((part) => {
        const content = message(bomb.subarray(0, 40_000), true).subarray(part * 16_000, (part + 1) * 16_000);
        return frame(frameType.DATA, part === 2 ? endStream : 0, 1, content);
      }),
    );
    const text = () =>
      raw
        .received(frameType.HEADERS)
        .map(({ payload }) => payload.toString('latin1'))
        .join();
    await expect.poll(text, { timeout: 10_000 }).not.toBe('');
    raw.destroy();
    expect(await refusal(executeCommand.path, notProtobuf)).toMatchObject(malformed);
  });

  it('more metadata than a call may carry', async () => {
    const metadata = new Metadata();
    for (const name of ['x-a', 'x-b', 'x-c']) metadata.set(name, 'x'.repeat(6_000));
    const refused = await refusal(executeCommand.path, Buffer.alloc(0), {}, metadata);
    expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: '' });
    expect(refused.details).toBe('The metadata is larger than 16384 bytes.');
  });
});
