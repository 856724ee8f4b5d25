// The gateway's gRPC service: turns calls into commands and subscriptions, and rejections into statuses.
import type { handleServerStreamingCall, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import {
  type EdgeGatewayServer,
  EdgeGatewayService,
  type ExecuteCommandRequest,
  type ExecuteCommandResponse,
  type SubscribeEventsRequest,
} from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { traceHeaders } from '../../telemetry/trace.ts';
import { type CommandDeps, executeCommand } from '../commands/execute-command.ts';
import { RejectedError, toRejection } from '../domain/rejection.ts';
import { toGrpcStatus } from '../grpc-status.ts';
import { commandDone } from '../instruments.ts';
import { type SubscriptionDeps, subscribeEvents } from '../push/subscribe-events.ts';

/** Events are serialised once for all streams of a user, so gRPC sends their bytes as they are. */
export const edgeGatewayDefinition = {
  ...EdgeGatewayService,
  subscribeEvents: { ...EdgeGatewayService.subscribeEvents, responseSerialize: (bytes: Buffer) => bytes },
};

export type EdgeGateway = Pick<EdgeGatewayServer, 'executeCommand'> & {
  subscribeEvents: handleServerStreamingCall<SubscribeEventsRequest, Buffer>;
};

/** Returns the IP address of a call's client; see lib/gateway/client-address.ts. */
type ClientAddressOf = (call: Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'metadata'>) => string;

export function createEdgeGatewayService(
  deps: CommandDeps & SubscriptionDeps & { clientAddressOf: ClientAddressOf },
): EdgeGateway {
  return {
    executeCommand: (call, callback) => {
      // grpc-js does not wait for the promise of a handler, so `runCommand` never rejects.
      void runCommand(deps, call, callback);
    },
    subscribeEvents: (call) => {
      const received = call.metadata.get('traceparent')[0];
      void subscribeEvents(deps, call, {
        clientAddress: deps.clientAddressOf(call),
        traceHeaders: traceHeaders(received?.toString()),
      });
    },
  };
}

async function runCommand(
  deps: CommandDeps & { log: Logger; clientAddressOf: ClientAddressOf },
  call: ServerUnaryCall<ExecuteCommandRequest, ExecuteCommandResponse>,
  callback: sendUnaryData<ExecuteCommandResponse>,
): Promise<void> {
  const startedAt = performance.now();
  const cancelled = new AbortController();
  call.on('cancelled', () => cancelled.abort(new Error('the client cancelled the call')));
  try {
    const received = call.metadata.get('traceparent')[0];
    const response = await executeCommand(deps, call.request, {
      clientAddress: deps.clientAddressOf(call),
      signal: cancelled.signal,
      traceHeaders: traceHeaders(received?.toString()),
    });
    report(deps.log, call.request, { outcome: response.resultCode }, startedAt);
    callback(null, response);
  } catch (error) {
    const rejection = toRejection(error);
    const outcome = cancelled.signal.aborted ? 'cancelled' : rejection.reason;
    report(deps.log, call.request, { outcome, error }, startedAt);
    callback(toGrpcStatus(rejection));
  }
}

/** The one count and the one log line of a command. */
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
