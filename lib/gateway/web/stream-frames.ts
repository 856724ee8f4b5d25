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
import type { WebProtocol } from './protocol.ts';

const headBytes = 5;

/** An empty GatewayEvent: it shows that the stream is alive, and carries nothing. */
export const heartbeatFrame = frameHead(0);

/** What comes before the bytes of a message. */
export function frameHead(messageBytes: number): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(messageBytes, 1);
  return head;
}

/** @returns the message of a body that is one whole frame; undefined for any other body. */
export function onlyMessage(body: Buffer): Buffer | undefined {
  if (body.length < headBytes || body[0] !== 0) return undefined;
  return body.readUInt32BE(1) === body.length - headBytes ? body.subarray(headBytes) : undefined;
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
