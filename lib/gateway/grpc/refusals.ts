// grpc-js refuses by itself what it cannot read, before any handler hears of it, and with statuses that tell a client
// nothing: these get the reason that the documentation of errors promises.
import { ServerInterceptingCall, type ServerInterceptor, type StatusObject, status } from '@grpc/grpc-js';
import { EdgeGatewayService } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { toGrpcStatus } from '../grpc-status.ts';

const signedMethods = new Set<string>(Object.values(EdgeGatewayService).map(({ path }) => path));

type PartialStatus = Parameters<ServerInterceptingCall['sendStatus']>[0];

/**
 * Replaces statuses on their way out. grpc-js sends its own ones by the call's method and past every interceptor, so
 * the method of this one call is what has to be replaced.
 */
export const explainRefusals: ServerInterceptor = (method, call) => {
  if (signedMethods.has(method.path)) {
    const send = call.sendStatus.bind(call);
    call.sendStatus = (sent) => send(sent.code === status.OK ? sent : (explained(sent) ?? sent));
  }
  return new ServerInterceptingCall(call);
};

function explained(sent: PartialStatus): StatusObject | undefined {
  // Every status of the gateway's own has details.
  if (sent.metadata?.get('grpc-status-details-bin').length) return undefined;
  if (sent.code === status.RESOURCE_EXHAUSTED) {
    return toGrpcStatus({ reason: 'MESSAGE_TOO_LARGE', message: 'A request holds at most 272 KiB.' });
  }
  if (
    sent.code === status.INTERNAL &&
    /^(Error deserializing|Invalid grpc-timeout)/.test(sent.details ?? '')
  ) {
    const message = sent.details?.startsWith('Invalid')
      ? 'grpc-timeout is no duration.'
      : 'The message is not the protobuf that this method takes.';
    return toGrpcStatus({ reason: 'MALFORMED_ENVELOPE', message });
  }
  return undefined;
}
