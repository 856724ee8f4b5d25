// The EdgeGateway service for browsers: Connect and gRPC-Web over HTTP/1.1. Requests pass the checks of native gRPC, in
// the same order: the rate of the address, which is the first of them, comes before the body is read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import { addressBlock, clientAddress } from '../../http/client-address.ts';
import { traceHeaders } from '../../telemetry/trace.ts';
import type { CommandDeps } from '../commands/execute-command.ts';
import { toRejection } from '../domain/rejection.ts';
import type { SubscriptionDeps } from '../push/subscribe-events.ts';
import { allowOrigins } from './cors.ts';
import { createCommandMethod } from './execute-command.ts';
import {
  acceptedTypes,
  type CallKind,
  protocolOf,
  refuseCompression,
  timeoutOf,
  type WebProtocol,
} from './protocol.ts';
import { RequestBodies } from './request-bodies.ts';
import { createSubscriptionMethod } from './subscribe-events.ts';
import { type WebCall, writeHead } from './web-call.ts';

export type WebGatewayDeps = CommandDeps &
  SubscriptionDeps & {
    /** The proxies whose X-Forwarded-For is used. */
    readonly trustedProxies: BlockList | undefined;
    readonly corsOrigins: readonly string[] | undefined;
    /** Aborts when the drain begins. */
    readonly stopping: AbortSignal;
  };

/** Takes a request to a method of the service and returns true, or returns false. */
export type WebGateway = (request: IncomingMessage, response: ServerResponse) => boolean;

type Method = { readonly kind: CallKind; readonly serve: (call: WebCall) => Promise<void> };

export function createWebGateway(deps: WebGatewayDeps): WebGateway {
  const { log, admission } = deps;
  const afterAddress: WebGatewayDeps = {
    ...deps,
    admission: { ...admission, limits: { ...admission.limits, address: () => undefined } },
  };
  const methods = new Map<string, Method>([
    [
      '/galaxy.gateway.v1.EdgeGateway/ExecuteCommand',
      { kind: 'unary', serve: createCommandMethod(afterAddress) },
    ],
  ]);
  methods.set('/galaxy.gateway.v1.EdgeGateway/SubscribeEvents', {
    kind: 'stream',
    serve: createSubscriptionMethod(afterAddress),
  });
  const serve = createServe(deps);
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const method = methods.get(path);
    if (method === undefined) return false;
    serve(method, request, response).catch((error: unknown) => {
      log.error({ error, path }, 'request failed');
      response.destroy();
    });
    return true;
  };
}

function createServe(deps: WebGatewayDeps) {
  const { admission, stopping, trustedProxies } = deps;
  const setOrigin = allowOrigins(deps.corsOrigins);
  const bodies = new RequestBodies();

  return async (
    { kind, serve }: Method,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const respond = (status: number, headers: Record<string, string> = {}) => {
      writeHead({ request, response, stopping }, status, headers);
      response.end();
    };
    setOrigin(request, response);
    const client = addressOf(request, trustedProxies);
    const tooMany = admission.limits.address(client);
    if (request.method === 'OPTIONS') {
      const seconds = Math.ceil((tooMany?.retryAfterMs ?? 0) / 1_000);
      return tooMany ? respond(429, { 'retry-after': String(seconds) }) : respond(204);
    }
    if (request.method !== 'POST') return respond(405, { allow: 'POST' });
    const protocol = protocolOf(request.headers['content-type'], kind);
    if (protocol === undefined) return respond(415, { 'accept-post': acceptedTypes(kind) });
    const received = tooMany ?? (await receive(bodies, request, protocol, addressBlock(client)));
    if (received === undefined || response.destroyed) return;
    // A stream behind another response on its connection would wait for that to end.
    if (kind === 'stream' && response.socket === null) request.socket.destroy();
    else
      await serve({
        request,
        response,
        protocol,
        received,
        clientAddress: client,
        traceHeaders: traceHeaders(headerOf(request, 'traceparent')),
        stopping,
      });
  };
}

async function receive(
  bodies: RequestBodies,
  request: IncomingMessage,
  protocol: WebProtocol,
  client: string,
): Promise<WebCall['received'] | undefined> {
  try {
    refuseCompression(request.headers);
    const timeoutMs = timeoutOf(request.headers, protocol);
    const body = await bodies.read(request, client);
    return body && { body, timeoutMs };
  } catch (error) {
    return toRejection(error);
  }
}

function addressOf(request: IncomingMessage, trusted: BlockList | undefined): string {
  const forwardedFor = headerOf(request, 'x-forwarded-for');
  return clientAddress(
    request.socket.remoteAddress,
    forwardedFor === undefined ? [] : [forwardedFor],
    trusted,
  );
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.join(',');
}
