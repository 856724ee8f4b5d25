// The protocols of browsers, by the content type of a request. Streams carry protobuf alone.
import type { IncomingHttpHeaders } from 'node:http';
import {
  contentTypeStreamRegExp,
  contentTypeUnaryRegExp,
  parseTimeout as parseConnectTimeout,
} from '@connectrpc/connect/protocol-connect';
import {
  contentTypeRegExp as contentTypeGrpcWebRegExp,
  parseTimeout as parseGrpcTimeout,
} from '@connectrpc/connect/protocol-grpc-web';
import { RejectedError } from '../domain/rejection.ts';

export type WebProtocol = {
  readonly name: 'connect' | 'grpc-web';
  readonly timeoutHeader: 'connect-timeout-ms' | 'grpc-timeout';
};

const connect: WebProtocol = { name: 'connect', timeoutHeader: 'connect-timeout-ms' };
const grpcWeb: WebProtocol = { name: 'grpc-web', timeoutHeader: 'grpc-timeout' };

const contentTypes = {
  unary: [
    'application/proto',
    'application/json',
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpc-web+json',
  ],
  stream: ['application/connect+proto', 'application/grpc-web', 'application/grpc-web+proto'],
} as const;

export type CallKind = keyof typeof contentTypes;

/** For `Accept-Post`. */
export const acceptedTypes = (kind: CallKind): string => contentTypes[kind].join(', ');

/** @returns undefined for a content type that calls of this kind do not have. */
export function protocolOf(contentType: string | undefined, kind: CallKind): WebProtocol | undefined {
  const type = contentType ?? '';
  // Base64 (`-text`) is for browsers that are older than fetch.
  if (contentTypeGrpcWebRegExp.test(type)) {
    return /-text/i.test(type) || (kind === 'stream' && /json/i.test(type)) ? undefined : grpcWeb;
  }
  if (kind === 'unary') return contentTypeUnaryRegExp.test(type) ? connect : undefined;
  return contentTypeStreamRegExp.test(type) && !/json/i.test(type) ? connect : undefined;
}

/** Longer ones do not matter: no call of the gateway takes an hour, and timers have a largest value. */
const longestTimeoutMs = 3_600_000;

/**
 * The time that the client gives its call; undefined for none.
 * @throws RejectedError MALFORMED_ENVELOPE
 */
export function timeoutOf(headers: IncomingHttpHeaders, { name, timeoutHeader }: WebProtocol) {
  const header = headers[timeoutHeader];
  const value = typeof header === 'string' ? header : null;
  const parse = name === 'connect' ? parseConnectTimeout : parseGrpcTimeout;
  const { timeoutMs, error } = parse(value, Number.MAX_SAFE_INTEGER);
  if (error !== undefined) throw malformed(`${timeoutHeader} is not a valid duration.`);
  return timeoutMs === undefined || timeoutMs > longestTimeoutMs ? undefined : timeoutMs;
}

/** As over gRPC: decompression amplifies. @throws RejectedError MALFORMED_ENVELOPE */
export function refuseCompression(headers: IncomingHttpHeaders): void {
  for (const name of ['content-encoding', 'connect-content-encoding', 'grpc-encoding']) {
    const encoding = headers[name] ?? 'identity';
    if (encoding !== 'identity')
      throw malformed('Compressed requests are not accepted; send them uncompressed.');
  }
}

export function malformed(message: string): RejectedError {
  return new RejectedError({ reason: 'MALFORMED_ENVELOPE', message });
}
