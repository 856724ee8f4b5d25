// How the client reaches the gateway: gRPC on Node, Connect in browsers. The messages are those of
// proto/galaxy/gateway/v1/gateway.proto.

export type CommandRequest = {
  protocolVersion: string;
  deviceSessionId: string;
  messageType: string;
  timestampMs: bigint;
  requestId: string;
  idempotencyKey: string;
  ifMatch: string;
  payloadBytes: Uint8Array;
  payloadHash: Uint8Array;
  signature: Uint8Array;
};

export type CommandResponse = {
  timestampMs: bigint;
  resultCode: string;
  payloadBytes: Uint8Array;
  payloadHash: Uint8Array;
  signature: Uint8Array;
  keyId: string;
};

export type SubscribeRequest = Omit<CommandRequest, 'idempotencyKey' | 'ifMatch'>;

export type EventMessage = {
  eventType: string;
  eventId: string;
  prevEventId: string;
  recipientUserId: string;
  timestampMs: bigint;
  traceId: string;
  payloadBytes: Uint8Array;
  payloadHash: Uint8Array;
  signature: Uint8Array;
  keyId: string;
};

export type Transport = {
  /**
   * Waits until a request can be sent; at most `withinMs`, or until `signal` aborts: then the request says what is wrong.
   * @throws Error after `close()`.
   */
  ready(withinMs: number, signal?: AbortSignal): Promise<void>;
  /** @throws GatewayError */
  unary(request: CommandRequest, timeoutMs: number): Promise<CommandResponse>;
  /** The stream is left when `signal` aborts, or the caller leaves the loop. @throws GatewayError in the loop. */
  stream(request: SubscribeRequest, signal: AbortSignal): AsyncIterable<EventMessage>;
  /** For the gateway's public routes. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  close(): void;
};
