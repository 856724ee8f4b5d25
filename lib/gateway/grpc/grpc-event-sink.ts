// An event stream over gRPC. grpc-js copies every message into a frame of its own for every stream, and takes it through
// two writable streams. Events are framed already, once for all streams of a user, so all but the first message of a
// stream are written to the HTTP/2 stream behind the call as they are: 23 µs of CPU time for a delivery in place of 28
// (1,008 streams), 26 in place of 33 (10,000). The first goes through grpc-js, which sends the headers with it; so does the
// status, which comes after what was written. GATEWAY_GRPC_DIRECT_EVENTS=false is the way back, should a version of
// grpc-js not allow this.
import type { ServerHttp2Stream } from 'node:http2';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { bytesTaken, countTaken, streamOfCall } from '../../node/http2-progress.ts';
import type { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Rejection } from '../domain/rejection.ts';
import { toGrpcStatus } from '../grpc-status.ts';
import { messageOf } from '../push/event-frame.ts';
import type { EventSink } from '../push/event-sink.ts';

/** Carries serialised GatewayEvents. */
export type EventCall = ServerWritableStream<SubscribeEventsRequest, Buffer>;

export class GrpcEventSink implements EventSink {
  readonly #call: EventCall;
  readonly #stream: ServerHttp2Stream;
  /** Whether grpc-js writes the next message. */
  #throughCall = true;
  readonly #direct: boolean;

  /** @param direct whether events may be written past grpc-js. */
  constructor(call: EventCall, direct: boolean) {
    this.#call = call;
    this.#direct = direct;
    this.#stream = streamOfCall(call);
    countTaken(this.#stream);
  }

  write(frame: Buffer, onTaken: (error?: Error | null) => void): void {
    if (this.#throughCall) {
      this.#throughCall = !this.#direct;
      this.#call.write(messageOf(frame), onTaken);
    } else if (!this.#stream.closed) this.#stream.write(frame, onTaken);
  }

  end(rejection: Rejection): void {
    // grpc-js takes the status of a stream from an emitted error.
    this.#call.emit('error', toGrpcStatus(rejection));
  }

  onGone(gone: () => void): void {
    this.#call.on('cancelled', gone);
  }

  bytesTaken(): number {
    return bytesTaken(this.#stream);
  }
}
