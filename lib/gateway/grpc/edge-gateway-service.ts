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
import type { CommandDeps } from '../commands/execute-command.ts';
import { runCommand } from '../commands/run-command.ts';
import { toRejection } from '../domain/rejection.ts';
import { toGrpcStatus } from '../grpc-status.ts';
import { type SubscriptionDeps, subscribeEvents } from '../push/subscribe-events.ts';
import { GrpcEventSink } from './grpc-event-sink.ts';

/** Events are serialised once for all streams of a user, so gRPC sends their bytes as they are. */
export const edgeGatewayDefinition = {
  ...EdgeGatewayService,
  subscribeEvents: { ...EdgeGatewayService.subscribeEvents, responseSerialize: (bytes: Buffer) => bytes },
};

export type EdgeGateway = Pick<EdgeGatewayServer, 'executeCommand'> & {
  subscribeEvents: handleServerStreamingCall<SubscribeEventsRequest, Buffer>;
};

/** Returns the IP address of a call's client; see lib/http/client-address.ts. */
type ClientAddressOf = (call: Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'metadata'>) => string;

export function createEdgeGatewayService(
  deps: CommandDeps & SubscriptionDeps & { clientAddressOf: ClientAddressOf; directEvents: boolean },
): EdgeGateway {
  return {
    executeCommand: (call, callback) => {
      // grpc-js does not wait for the promise of a handler, so `respond` never rejects.
      void respond(deps, call, callback);
    },
    subscribeEvents: (call) => {
      const received = call.metadata.get('traceparent')[0];
      void subscribeEvents(deps, call.request, new GrpcEventSink(call, deps.directEvents), {
        clientAddress: deps.clientAddressOf(call),
        traceHeaders: traceHeaders(received?.toString()),
      });
    },
  };
}

async function respond(
  deps: CommandDeps & { log: Logger; clientAddressOf: ClientAddressOf },
  call: ServerUnaryCall<ExecuteCommandRequest, ExecuteCommandResponse>,
  callback: sendUnaryData<ExecuteCommandResponse>,
): Promise<void> {
  const cancelled = new AbortController();
  call.on('cancelled', () => cancelled.abort(new Error('the client cancelled the call')));
  try {
    const received = call.metadata.get('traceparent')[0];
    const response = await runCommand(deps, call.request, {
      clientAddress: deps.clientAddressOf(call),
      signal: cancelled.signal,
      traceHeaders: traceHeaders(received?.toString()),
    });
    callback(null, response);
  } catch (error) {
    callback(toGrpcStatus(toRejection(error)));
  }
}
