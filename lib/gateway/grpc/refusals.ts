// grpc-js itself refuses calls that it cannot read, before any handler runs, and without a reason. This interceptor
// adds the reason that docs/errors.md documents.
import {
  type ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { EdgeGatewayService } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { toGrpcStatus } from '../grpc-status.ts';

const signedMethods = new Set<string>(Object.values(EdgeGatewayService).map(({ path }) => path));

type PartialStatus = Parameters<ServerInterceptingCall['sendStatus']>[0];

/**
 * Replaces statuses that grpc-js sends. grpc-js calls `sendStatus` of the call directly, past every interceptor, so the
 * method of the call has to be replaced. The call itself goes on: another one around it would only pass everything on.
 */
export const explainRefusals: ServerInterceptor = (method, call) => {
  if (signedMethods.has(method.path)) {
    const send = call.sendStatus.bind(call);
    call.sendStatus = (sent) => send(sent.code === status.OK ? sent : (explained(sent) ?? sent));
  }
  return call as ServerInterceptingCall;
};

function explained(sent: PartialStatus): StatusObject | undefined {
  // The gateway's own statuses have details.
  if (sent.metadata?.get('grpc-status-details-bin').length) return undefined;
  if (sent.code === status.RESOURCE_EXHAUSTED) {
    return toGrpcStatus({ reason: 'MESSAGE_TOO_LARGE', message: 'A request may have at most 272 KiB.' });
  }
  if (
    sent.code === status.INTERNAL &&
    /^(Error deserializing|Invalid grpc-timeout)/.test(sent.details ?? '')
  ) {
    const message = sent.details?.startsWith('Invalid')
      ? 'grpc-timeout is not a valid duration.'
      : 'The message is not a valid protobuf message of this method.';
    return toGrpcStatus({ reason: 'MALFORMED_ENVELOPE', message });
  }
  return undefined;
}
