// The transport of browsers: Connect over the gateway's web listener.
import { type Client, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { EdgeGateway } from '../protocol/generated/es/galaxy/gateway/v1/gateway_pb.ts';
import { ErrorInfoSchema, RetryInfoSchema } from '../protocol/generated/es/google/rpc/error_details_pb.ts';
import { GatewayError } from './gateway-error.ts';
import type { EventMessage, SubscribeRequest, Transport } from './transport.ts';

/** The gateway sends something at least every 15 s. */
const longestSilenceMs = 40_000;

/** @param baseUrl of the gateway's web listener. */
export function connectTransport(baseUrl: string): Transport {
  const client = createClient(EdgeGateway, createConnectTransport({ baseUrl, useBinaryFormat: true }));
  const closed = new AbortController();
  return {
    // The browser opens connections by itself.
    async ready() {
      if (closed.signal.aborted) throw new Error('the client is closed');
    },
    async unary(request, timeoutMs) {
      try {
        return await client.executeCommand(request, { timeoutMs, signal: closed.signal });
      } catch (error) {
        throw gatewayErrorOf(error);
      }
    },
    stream: (request, signal) => messagesOf(client, request, AbortSignal.any([signal, closed.signal])),
    fetch: (url, init) => fetch(url, init),
    close: () => closed.abort(),
  };
}

async function* messagesOf(
  client: Client<typeof EdgeGateway>,
  request: SubscribeRequest,
  signal: AbortSignal,
): AsyncGenerator<EventMessage, void> {
  const leaving = new AbortController();
  const left = AbortSignal.any([signal, leaving.signal]);
  try {
    const messages = client.subscribeEvents(request, { signal: left })[Symbol.asyncIterator]();
    for (;;) {
      const silence = setTimeout(() => leaving.abort(), longestSilenceMs);
      const next = await messages.next().finally(() => clearTimeout(silence));
      if (next.done) return;
      // A heartbeat is an empty event.
      if (next.value.eventType !== '') yield next.value;
    }
  } catch (error) {
    throw gatewayErrorOf(error);
  } finally {
    leaving.abort();
  }
}

function gatewayErrorOf(cause: unknown): GatewayError {
  const error = ConnectError.from(cause);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const delay = retry?.retryDelay;
  return new GatewayError(error.rawMessage, {
    // The numbers are those of gRPC.
    grpcCode: error.code,
    ...(info && { reason: info.reason, metadata: info.metadata }),
    retryAfterMs: delay ? Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 : 0,
    cause,
  });
}
