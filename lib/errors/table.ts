// All error codes of the platform: the HTTP status of each, and whether the same request may succeed later. Clients see
// the code as `error.code` over HTTP and as `result_code` in a signed response of the gateway.

export const errorTable = {
  invalid_request: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  account_blocked: { status: 403, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_eligible: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  subject_not_found: { status: 404, retryable: false },
  already_applied: { status: 409, retryable: false },
  already_member: { status: 409, retryable: false },
  email_taken: { status: 409, retryable: false },
  game_full: { status: 409, retryable: false },
  handle_taken: { status: 409, retryable: false },
  idempotency_conflict: { status: 409, retryable: false },
  game_not_running: { status: 409, retryable: false },
  invalid_state: { status: 409, retryable: false },
  race_name_taken: { status: 409, retryable: false },
  turn_closed: { status: 409, retryable: false },
  view_gone: { status: 410, retryable: false },
  revision_mismatch: { status: 412, retryable: false },
  orders_too_large: { status: 413, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  challenge_failed: { status: 422, retryable: false },
  orders_invalid: { status: 422, retryable: false },
  rate_limited: { status: 429, retryable: true },
  internal_error: { status: 500, retryable: false },
  engine_unavailable: { status: 503, retryable: true },
  service_unavailable: { status: 503, retryable: true },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** The `error` object of a response; `details` only where it helps. */
export type ErrorBody = {
  error: { code: ErrorCode; message: string; details?: Record<string, unknown> };
};

/**
 * An expected error: the rules do not allow the request. Operations throw it, so that their transaction rolls back, and
 * one place per protocol turns it into a response. Faults are ordinary errors.
 */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;

  /** @param message one sentence for a person: what was wrong and what to do. */
  constructor(code: ErrorCode, message: string, details?: Record<string, unknown>) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
  }

  get body(): ErrorBody {
    return errorBody(this.code, this.message, this.details);
  }
}

export function errorBody(code: ErrorCode, message: string, details?: Record<string, unknown>): ErrorBody {
  return { error: { code, message, ...(details === undefined ? {} : { details }) } };
}
