/** The gateway itself refused a request or ended a stream. `reason` is from the ErrorInfo, empty without one. */
export class GatewayError extends Error {
  readonly grpcCode: number;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** How long to wait before a retry, from the RetryInfo; 0 without one. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    status: {
      grpcCode: number;
      reason?: string;
      metadata?: Readonly<Record<string, string>>;
      retryAfterMs?: number;
      cause?: unknown;
    },
  ) {
    super(message, { cause: status.cause });
    this.name = 'GatewayError';
    this.grpcCode = status.grpcCode;
    this.reason = status.reason ?? '';
    this.metadata = status.metadata ?? {};
    this.retryAfterMs = status.retryAfterMs ?? 0;
  }

  /** The request was dated by a clock that is wrong; `serverTimeMs` sets it. */
  get isStale(): boolean {
    return this.reason === 'STALE_REQUEST' && Number.isSafeInteger(this.serverTimeMs);
  }

  /** The gateway's clock when it refused a stale request; NaN in other errors. */
  get serverTimeMs(): number {
    return Number(this.metadata.server_time_ms);
  }
}
