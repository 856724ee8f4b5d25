// The transport of Node: gRPC for commands and events, undici for the public routes.
import { type ClientReadableStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Agent, fetch } from 'undici';
import type { GatewayEvent } from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { ErrorInfo, RetryInfo } from '../protocol/generated/google/rpc/error_details.ts';
import { Status } from '../protocol/generated/google/rpc/status.ts';
import { GatewayError } from './gateway-error.ts';
import { Connection, type ConnectionOptions } from './grpc-connection.ts';
import type { CommandRequest, EventMessage, SubscribeRequest, Transport } from './transport.ts';

const connectTimeoutMs = 15_000;
const longestHttpResponse = 256 * 1024;

export function grpcTransport(options: ConnectionOptions): Transport {
  const connection = new Connection(options);
  const agent = new Agent({
    maxResponseSize: longestHttpResponse,
    connect: {
      timeout: connectTimeoutMs,
      ...(options.tls?.ca === undefined ? {} : { ca: options.tls.ca }),
    },
  });
  return {
    ready: (withinMs, signal) => connection.ready(withinMs, signal),
    unary: (request, timeoutMs) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + timeoutMs;
        connection.client.executeCommand(
          withBuffers(request),
          new Metadata(),
          { deadline },
          (error, response) => {
            if (error) reject(gatewayErrorOf(error));
            else resolve(response);
          },
        );
      }),
    stream: (request, signal) => messagesOf(connection.client.subscribeEvents(withBuffers(request)), signal),
    // undici's types of the same Web API are its own.
    fetch: (url, init) =>
      fetch(url, { ...init, dispatcher: agent } as object) as Promise<unknown> as Promise<Response>,
    close() {
      connection.close();
      void agent.destroy();
    },
  };
}

/**
 * The messages of a call, which is cancelled when `signal` aborts or the caller leaves.
 * @throws GatewayError in the loop.
 */
export function messagesOf(
  call: ClientReadableStream<GatewayEvent>,
  signal: AbortSignal,
): AsyncGenerator<EventMessage, void> {
  // An error is emitted once, perhaps before anyone waits in the loop, and after it for the loop's own cancellation.
  call.on('error', () => {});
  const messages = (call as AsyncIterable<GatewayEvent>)[Symbol.asyncIterator]();
  const first = messages.next();
  first.catch(() => {});
  const cancel = () => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  return readMessages(messages, first, () => {
    signal.removeEventListener('abort', cancel);
    cancel();
  });
}

async function* readMessages(
  messages: AsyncIterator<GatewayEvent>,
  first: Promise<IteratorResult<GatewayEvent>>,
  leave: () => void,
): AsyncGenerator<EventMessage, void> {
  try {
    for (let next = await first; !next.done; next = await messages.next()) yield next.value;
  } catch (error) {
    throw isServiceError(error) ? gatewayErrorOf(error) : error;
  } finally {
    leave();
  }
}

/** What the gateway says in the status with which it refuses a request or ends a stream. */
export function gatewayErrorOf(cause: ServiceError): GatewayError {
  const details = statusDetails(cause);
  const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
  const retry = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'));
  const delay = retry && RetryInfo.decode(retry.value).retryDelay;
  return new GatewayError(cause.details, {
    grpcCode: cause.code,
    ...(info && ErrorInfo.decode(info.value)),
    retryAfterMs: delay ? Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 : 0,
    cause,
  });
}

function statusDetails(error: ServiceError): Status['details'] {
  const details = error.metadata.get('grpc-status-details-bin')[0];
  return details instanceof Uint8Array ? Status.decode(details).details : [];
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

/** As the generated code wants it. */
export function withBuffers<Request extends CommandRequest | SubscribeRequest>(request: Request) {
  const { payloadBytes, payloadHash, signature } = request;
  return {
    ...request,
    payloadBytes: Buffer.from(payloadBytes),
    payloadHash: Buffer.from(payloadHash),
    signature: Buffer.from(signature),
  };
}
