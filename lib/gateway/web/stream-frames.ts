// The frames of streams over Connect and gRPC-Web: a byte of flags and four of length before every message, and at the
// end one that carries the status.
import type { ConnectError } from '@connectrpc/connect';
import { encodeEnvelope } from '@connectrpc/connect/protocol';
import { contentTypeStreamProto, endStreamFlag, endStreamToJson } from '@connectrpc/connect/protocol-connect';
import {
  contentTypeProto as contentTypeGrpcWeb,
  setTrailerStatus,
  trailerFlag,
  trailerSerialize,
} from '@connectrpc/connect/protocol-grpc-web';
import { frameHeadBytes, frameOf, messageOf } from '../push/event-frame.ts';
import type { WebProtocol } from './protocol.ts';

/** An empty GatewayEvent: it shows that the stream is alive, and carries nothing. */
export const heartbeatFrame = frameOf(Buffer.alloc(0));

/** @returns the message of a body that is one whole frame; undefined for any other body. */
export function onlyMessage(body: Buffer): Buffer | undefined {
  if (body.length < frameHeadBytes || body[0] !== 0) return undefined;
  return body.readUInt32BE(1) === body.length - frameHeadBytes ? messageOf(body) : undefined;
}

export const streamContentType: Record<WebProtocol['name'], string> = {
  connect: contentTypeStreamProto,
  'grpc-web': contentTypeGrpcWeb,
};

/** The last frame of a stream, which says why it ends. */
export function endFrame({ name }: WebProtocol, error: ConnectError): Uint8Array {
  if (name === 'grpc-web')
    return encodeEnvelope(trailerFlag, trailerSerialize(setTrailerStatus(new Headers(), error)));
  const end = JSON.stringify(endStreamToJson(new Headers(), error, undefined));
  return encodeEnvelope(endStreamFlag, Buffer.from(end));
}
