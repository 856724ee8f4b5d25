import type { ListenAddress } from '../config/types.ts';
import { OperatorError } from '../errors/operator-error.ts';

/** Why an address cannot be bound, for the operator who chose it. */
export function bindError(error: unknown, { host, port }: ListenAddress): OperatorError {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return new OperatorError(
      `${host}:${port} is in use by another process; choose another port or stop that process`,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new OperatorError(`cannot listen on ${host}:${port}: ${why}`);
}
