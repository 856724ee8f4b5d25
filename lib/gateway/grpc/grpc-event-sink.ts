import type { ServerWritableStream } from '@grpc/grpc-js';
import { bytesTakenOfCall } from '../../node/http2-progress.ts';
import type { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Rejection } from '../domain/rejection.ts';
import { toGrpcStatus } from '../grpc-status.ts';
import type { EventSink } from '../push/event-sink.ts';

/** Carries serialised GatewayEvents. */
export type EventCall = ServerWritableStream<SubscribeEventsRequest, Buffer>;

export class GrpcEventSink implements EventSink {
  readonly bytesTaken: () => number;
  readonly #call: EventCall;

  constructor(call: EventCall) {
    this.#call = call;
    this.bytesTaken = bytesTakenOfCall(call);
  }

  write(bytes: Buffer, onTaken: () => void): void {
    this.#call.write(bytes, onTaken);
  }

  end(rejection: Rejection): void {
    // grpc-js takes the status of a stream from an emitted error.
    this.#call.emit('error', toGrpcStatus(rejection));
  }

  onGone(gone: () => void): void {
    this.#call.on('cancelled', gone);
  }
}
