/** A service refused a command: `code` is one of docs/errors.md. Nothing has changed. */
export class CommandError extends Error {
  readonly messageType: string;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  /** @param payload of the response: `{"error":{"code","message","details"?}}`. */
  constructor(messageType: string, code: string, payload: Readonly<Record<string, unknown>>) {
    const error = isRecord(payload.error) ? payload.error : {};
    super(typeof error.message === 'string' ? error.message : `${messageType} was refused: ${code}`);
    this.name = 'CommandError';
    this.messageType = messageType;
    this.code = code;
    this.details = isRecord(error.details) ? error.details : {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
