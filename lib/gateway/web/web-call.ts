import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rejection } from '../domain/rejection.ts';
import type { WebProtocol } from './protocol.ts';

/** A call of a method of the EdgeGateway service, over HTTP/1.1. */
export type WebCall = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly protocol: WebProtocol;
  /** What was received, or why it was refused before it was read whole. */
  readonly received: { readonly body: Buffer; readonly timeoutMs: number | undefined } | Rejection;
  /** IP address of the client; behind a trusted proxy, the one that the proxy reports. */
  readonly clientAddress: string;
  readonly traceHeaders: Record<string, string>;
  /** Aborts when the drain begins. */
  readonly stopping: AbortSignal;
};

/** Sends the head. It asks the client to close the connection when that is of no more use. */
export function writeHead(
  { request, response, stopping }: Pick<WebCall, 'request' | 'response' | 'stopping'>,
  status: number,
  headers: Record<string, string | number>,
): void {
  // The rest of a request that was not read whole makes its connection unusable.
  if (stopping.aborted || (hasBody(request) && !request.complete)) response.setHeader('connection', 'close');
  response.writeHead(status, headers);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
