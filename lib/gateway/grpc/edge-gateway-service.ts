// The gRPC face of the gateway: turns calls into operations and rejections into statuses. No rule lives here.
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
import { toGrpcStatus } from '../grpc-status.ts';
import { commandDone } from '../instruments.ts';
import { type SubscriptionDeps, subscribeEvents } from '../push/subscribe-events.ts';
import { RejectedError, toRejection } from '../rejected-error.ts';

/** Events are serialised once for all streams of a user, so they are sent as the bytes that they are. */
export const edgeGatewayDefinition = {
  ...EdgeGatewayService,
  subscribeEvents: { ...EdgeGatewayService.subscribeEvents, responseSerialize: (bytes: Buffer) => bytes },
};

export type EdgeGateway = Pick<EdgeGatewayServer, 'executeCommand'> & {
  subscribeEvents: handleServerStreamingCall<SubscribeEventsRequest, Buffer>;
};

/** Of a call: its client's IP address, see lib/gateway/client-address.ts. */
type ClientAddressOf = (call: Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'metadata'>) => string;

export function createEdgeGatewayService(
  deps: CommandDeps & SubscriptionDeps & { clientAddressOf: ClientAddressOf },
): EdgeGateway {
  return {
    executeCommand: (call, callback) => {
      // grpc-js does not wait for what a handler returns, so every outcome is answered here.
      void answerCommand(deps, call, callback);
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

async function answerCommand(
  deps: CommandDeps & { log: Logger; clientAddressOf: ClientAddressOf },
  call: ServerUnaryCall<ExecuteCommandRequest, ExecuteCommandResponse>,
  callback: sendUnaryData<ExecuteCommandResponse>,
): Promise<void> {
  const startedAt = performance.now();
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort(new Error('the client has gone')));
  const log = (outcome: string, more: object = {}) => {
    const { messageType, requestId, deviceSessionId } = call.request;
    const durationMs = performance.now() - startedAt;
    commandDone(messageType, outcome, durationMs);
    deps.log.info(
      {
        // Not verified yet when a request is refused early, so cut to what a well-formed one may hold.
        message_type: messageType.slice(0, 64),
        request_id: requestId.slice(0, 64),
        device_session_id: deviceSessionId.slice(0, 36),
        outcome,
        duration_ms: Math.round(durationMs * 10) / 10,
        ...more,
      },
      'command',
    );
  };
  try {
    const received = call.metadata.get('traceparent')[0];
    const response = await executeCommand(deps, call.request, {
      clientAddress: deps.clientAddressOf(call),
      signal: gone.signal,
      traceHeaders: traceHeaders(received?.toString()),
    });
    log(response.resultCode);
    callback(null, response);
  } catch (error) {
    const rejection = toRejection(error);
    if (gone.signal.aborted) log('cancelled');
    else if (rejection.reason === 'INTERNAL') {
      commandDone(call.request.messageType, 'INTERNAL', performance.now() - startedAt);
      deps.log.error({ error, request_id: call.request.requestId }, 'command failed');
    } else
      log(
        rejection.reason,
        error instanceof RejectedError && error.cause ? { cause: reasonChain(error.cause) } : {},
      );
    callback(toGrpcStatus(rejection));
  }
}

function reasonChain(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
