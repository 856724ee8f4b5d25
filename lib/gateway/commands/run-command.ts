// A command as every transport runs it: with the one count and the one log line of a command.
import type {
  ExecuteCommandRequest,
  ExecuteCommandResponse,
} from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { RejectedError, toRejection } from '../domain/rejection.ts';
import { commandDone } from '../instruments.ts';
import type { CallContext } from './admission.ts';
import { type CommandDeps, executeCommand } from './execute-command.ts';

/** @throws RejectedError, and any other error for a fault: `toRejection` says what the client gets. */
export async function runCommand(
  deps: CommandDeps & { log: Logger },
  request: ExecuteCommandRequest,
  call: CallContext,
): Promise<ExecuteCommandResponse> {
  const startedAt = performance.now();
  try {
    const response = await executeCommand(deps, request, call);
    report(deps.log, request, { outcome: response.resultCode }, startedAt);
    return response;
  } catch (error) {
    const outcome = call.signal.aborted ? 'cancelled' : toRejection(error).reason;
    report(deps.log, request, { outcome, error }, startedAt);
    throw error;
  }
}

function report(
  log: Logger,
  { messageType, requestId, deviceSessionId }: ExecuteCommandRequest,
  { outcome, error }: { outcome: string; error?: unknown },
  startedAt: number,
): void {
  const durationMs = performance.now() - startedAt;
  commandDone(messageType, outcome, durationMs);
  const facts = {
    // Not verified when a request is refused early, so cut to the longest valid value.
    message_type: messageType.slice(0, 64),
    request_id: requestId.slice(0, 64),
    device_session_id: deviceSessionId.slice(0, 36),
    outcome,
    duration_ms: Math.round(durationMs * 10) / 10,
  };
  if (outcome === 'INTERNAL') log.error({ ...facts, error }, 'command failed');
  else log.info({ ...facts, ...(outcome === 'cancelled' ? {} : causeOf(error)) }, 'command');
}

function causeOf(error: unknown): { cause?: string } {
  if (!(error instanceof RejectedError) || !error.cause) return {};
  return { cause: error.cause instanceof Error ? error.cause.message : String(error.cause) };
}
