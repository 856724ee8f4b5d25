/** An error as a log line shows it. */
export type LoggedError = {
  type: string;
  message: string;
  code?: unknown;
  stack?: string;
  cause?: LoggedError;
  errors?: LoggedError[];
};

/**
 * Contains what a person needs to find a fault, but no values: errors of statements carry all parameters (keys, hashes,
 * addresses) in message, stack and fields, and errors of PostgreSQL carry rows in their details.
 */
export function toLoggedError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: 'query' in error && 'params' in error ? `failed statement: ${error.query}` : error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...(frames === undefined ? {} : { stack: frames.join('\n') }),
    ...(error.cause === undefined ? {} : { cause: toLoggedError(error.cause) }),
    ...(error instanceof AggregateError ? { errors: error.errors.map(toLoggedError) } : {}),
  };
}
