// An event stream over Connect or gRPC-Web, written on Node's response: the same frame goes to all streams of a user. The
// head of the response waits for the first frame.
import type { Rejection } from '../domain/rejection.ts';
import type { EventSink } from '../push/event-sink.ts';
import { deadlineExceeded, toConnectError } from './connect-error.ts';
import type { Heartbeats } from './heartbeats.ts';
import { endFrame, heartbeatFrame, streamContentType } from './stream-frames.ts';
import { type WebCall, writeHead } from './web-call.ts';

/** Node says of a chunk only that all of it was taken, so a large event to a slow client would look like a stall. */
const partBytes = 16 * 1024;

/** How long a client may take to read the end of its stream, before its connection is cut. */
const endGraceMs = 10_000;

export class HttpEventSink implements EventSink {
  writtenAt = performance.now();
  readonly #call: WebCall;
  readonly #heartbeats: Heartbeats;
  #begun = false;
  #ended = false;
  /** Writes that the network has not taken. */
  #pending = 0;
  #taken = 0;
  /** Of the event that is being written: what was not passed to Node yet. */
  #rest: Buffer | undefined;

  constructor(call: WebCall, heartbeats: Heartbeats) {
    this.#call = call;
    this.#heartbeats = heartbeats;
    // 'close' follows.
    call.response.on('error', () => undefined);
  }

  write(frame: Buffer, onTaken: () => void): void {
    if (this.#ended) return;
    this.#begin();
    this.#writePart(frame, onTaken);
  }

  end(rejection: Rejection): void {
    this.#end(toConnectError(rejection));
  }

  onGone(gone: () => void): void {
    const { response, received } = this.#call;
    response.once('close', gone);
    const timeoutMs = 'body' in received ? received.timeoutMs : undefined;
    if (timeoutMs === undefined) return;
    const deadline = setTimeout(() => {
      this.#end(deadlineExceeded());
      gone();
    }, timeoutMs);
    response.once('close', () => clearTimeout(deadline));
  }

  bytesTaken(): number {
    return this.#taken;
  }

  /** Writes a heartbeat, unless something is being written: the client then sees that the stream is alive. */
  beat(): void {
    if (this.#pending === 0 && !this.#ended) this.#writeBytes(heartbeatFrame, () => undefined);
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { response, protocol } = this.#call;
    writeHead(this.#call, 200, {
      'content-type': streamContentType[protocol.name],
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    this.#heartbeats.add(this);
    response.once('close', () => this.#heartbeats.delete(this));
  }

  #writePart(bytes: Buffer, onTaken: () => void): void {
    const part = bytes.subarray(0, partBytes);
    const rest = bytes.subarray(part.length);
    this.#rest = rest;
    this.#writeBytes(part, () => {
      this.#taken += part.length;
      if (rest.length === 0) onTaken();
      else if (!this.#ended) this.#writePart(rest, onTaken);
    });
  }

  #writeBytes(bytes: Buffer, onTaken: () => void): void {
    this.#pending += 1;
    this.writtenAt = performance.now();
    this.#call.response.write(bytes, (error) => {
      if (error) return;
      this.#pending -= 1;
      onTaken();
    });
  }

  #end(error: ReturnType<typeof toConnectError>): void {
    const { response, protocol } = this.#call;
    if (this.#ended || response.destroyed) return;
    this.#begin();
    this.#ended = true;
    if (this.#rest?.length) response.write(this.#rest);
    response.end(endFrame(protocol, error));
    const cut = setTimeout(() => response.destroy(), endGraceMs).unref();
    response.once('close', () => clearTimeout(cut));
  }
}
