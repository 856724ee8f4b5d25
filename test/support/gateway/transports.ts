// The ways to a gateway: native gRPC, Connect and gRPC-Web with Connect's own client in its
// place. Tests run their cases over each.
import type { KeyObject } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { toBinary } from '@bufbuild/protobuf';
import { type Client, ConnectError, createClient, type Transport as WebTransport } from '@connectrpc/connect';
import { type UniversalClientFn, universalClientResponseFromFetch } from '@connectrpc/connect/protocol';
import { createTransport as createConnectTransport } from '@connectrpc/connect/protocol-connect';
import { createTransport as createGrpcWebTransport } from '@connectrpc/connect/protocol-grpc-web';
import {
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { Session } from '../../../lib/client/device-keys.ts';
import { gatewayErrorOf } from '../../../lib/client/grpc-transport.ts';
import type { Gateway } from '../../../lib/client/node.ts';
import { sha256 } from '../../../lib/gateway/sha256.ts';
import { subscriptionBytes } from '../../../lib/protocol/envelope.ts';
import {
  EdgeGateway,
  ExecuteCommandResponseSchema,
  GatewayEventSchema,
} from '../../../lib/protocol/generated/es/galaxy/gateway/v1/gateway_pb.ts';
import {
  type ExecuteCommandRequest,
  ExecuteCommandResponse,
  GatewayEvent,
  type SubscribeEventsRequest,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { Status } from '../../../lib/protocol/generated/google/rpc/status.ts';
import { type OpenedCall, TestClient, type TestClientOptions } from './test-client.ts';

export const transports = ['gRPC', 'Connect', 'Connect with JSON', 'gRPC-Web'] as const;
export type Transport = (typeof transports)[number];

/** JSON is for commands alone. */
export const streamTransports = ['gRPC', 'Connect', 'gRPC-Web'] as const satisfies Transport[];

export function openClient(
  transport: Transport,
  endpoints: Gateway & { webUrl: string },
  key?: KeyObject,
  session?: Session,
  options?: TestClientOptions,
): TestClient {
  return transport === 'gRPC'
    ? new TestClient(endpoints, key, session, options)
    : new WebClient(transport, endpoints, key, session, options);
}

/** What a heartbeat carries: nothing. */
const isHeartbeat = ({ eventType }: GatewayEvent) => eventType === '';

class WebClient extends TestClient {
  readonly #client: Client<typeof EdgeGateway>;

  constructor(
    transport: Exclude<Transport, 'gRPC'>,
    endpoints: Gateway & { webUrl: string },
    key?: KeyObject,
    session?: Session,
    options?: TestClientOptions,
  ) {
    super(endpoints, key, session, options);
    this.#client = createClient(EdgeGateway, webTransport(transport, endpoints.webUrl));
  }

  override async send(request: ExecuteCommandRequest): Promise<ExecuteCommandResponse> {
    try {
      const response = await this.#client.executeCommand(request, { timeoutMs: 15_000 });
      return ExecuteCommandResponse.decode(toBinary(ExecuteCommandResponseSchema, response));
    } catch (error) {
      throw gatewayErrorOf(toServiceError(error));
    }
  }

  override subscribe(request: SubscribeEventsRequest): OpenedCall {
    const cancelled = new AbortController();
    const stream = new PassThrough({ objectMode: true, highWaterMark: 1 });
    const end = (outcome: StatusObject) => stream.emit('status', outcome);
    const read = async () => {
      try {
        const events = this.#client.subscribeEvents(request, { signal: cancelled.signal });
        for await (const event of events) {
          const message = GatewayEvent.decode(toBinary(GatewayEventSchema, event));
          if (isHeartbeat(message)) continue;
          if (!stream.write(message)) await drained(stream, cancelled.signal);
        }
        stream.end();
        end({ code: status.OK, details: '', metadata: new Metadata() });
      } catch (error) {
        const failure = toServiceError(error);
        end(failure);
        stream.destroy(failure);
      }
    };
    void read();
    const call = Object.assign(stream, { cancel: () => cancelled.abort() });
    return {
      call: call as unknown as ClientReadableStream<GatewayEvent>,
      requestHash: sha256(subscriptionBytes(request)),
    };
  }
}

function webTransport(transport: Exclude<Transport, 'gRPC'>, baseUrl: string): WebTransport {
  const options = {
    baseUrl,
    httpClient: send,
    useBinaryFormat: transport !== 'Connect with JSON',
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: Number.MAX_SAFE_INTEGER,
    readMaxBytes: 4 * 1024 * 1024,
    writeMaxBytes: 4 * 1024 * 1024,
  };
  return transport === 'gRPC-Web' ? createGrpcWebTransport(options) : createConnectTransport(options);
}

/** That of the library streams requests, which Node's fetch takes only with an option that it does not set. */
const send: UniversalClientFn = async ({ url, method, header, body, signal }) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  const bytes = new Uint8Array(Buffer.concat(chunks));
  return universalClientResponseFromFetch(
    await fetch(url, { method, headers: header, body: bytes, signal: signal ?? null }),
  );
};

function drained(stream: PassThrough, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The same error as grpc-js has it. */
function toServiceError(error: unknown): ServiceError {
  const { code, rawMessage, details } = ConnectError.from(error);
  const metadata = new Metadata();
  const received = details.flatMap((detail) =>
    'type' in detail
      ? [{ typeUrl: `type.googleapis.com/${detail.type}`, value: Buffer.from(detail.value) }]
      : [],
  );
  if (received.length > 0) {
    const sent = Status.encode({ code, message: rawMessage, details: received }).finish();
    metadata.set('grpc-status-details-bin', Buffer.from(sent));
  }
  return Object.assign(new Error(`${code} ${rawMessage}`), {
    // The numbers are those of gRPC.
    code: code as number,
    details: rawMessage,
    metadata,
  });
}
