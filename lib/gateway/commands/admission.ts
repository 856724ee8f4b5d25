// The checks that every signed request must pass, in this order; the first that fails ends the request: address rate,
// version, shape, freshness, payload hash, message type, session, signature, session and user rate, replay. Cheap
// checks come before those that call another process, and the request id is reserved last, so that only requests signed
// with a session's key use memory in Redis.

import { checkPayloadHash, checkShape, checkVersion, type Envelope } from '../domain/envelope-checks.ts';
import { checkFreshness } from '../domain/freshness.ts';
import type { Rejection } from '../domain/rejection.ts';
import { RejectedError } from '../domain/rejection.ts';
import type { MessageClass } from '../domain/routes.ts';
import { sha256 } from '../sha256.ts';
import { verifyDeviceSignature } from './device-signature.ts';
import type { ReplayReservations } from './replay-reservations.ts';
import { type ActiveSession, lookUpSession } from './sessions.ts';
import { stage, stageSync } from './stage.ts';
import type { UpstreamService } from './upstream.ts';

/** Each returns a rejection when a caller exceeds its rate, else undefined. */
export type RequestLimits = {
  address(clientAddress: string): Rejection | undefined;
  session(session: ActiveSession, messageClass: MessageClass): Rejection | undefined;
};

export type AdmissionDeps = {
  backend: UpstreamService;
  limits: RequestLimits;
  replay: Pick<ReplayReservations, 'reserve'>;
  freshnessWindowMs: number;
  now: () => number;
};

export type CallContext = {
  /** IP address of the client; behind a trusted proxy, the one that the proxy reports. */
  readonly clientAddress: string;
  /** Aborts when the client has disconnected or its deadline has passed. */
  readonly signal: AbortSignal;
  /** W3C trace context for calls to other services; `{}` when there is none or the SDK adds it. */
  readonly traceHeaders: Record<string, string>;
};

export type Admitted<Route> = {
  readonly route: Route;
  readonly session: ActiveSession;
  /** SHA-256 of the signed bytes, which the response's signature covers. */
  readonly requestHash: Uint8Array;
};

/**
 * @param kind.routeOf the route of a message type that this method serves, else undefined.
 * @param kind.signedBytes the bytes that the client signs for this method.
 * @throws RejectedError
 */
export async function admit<Request extends Envelope, Route extends { readonly class: MessageClass }>(
  deps: AdmissionDeps,
  request: Request,
  kind: {
    routeOf: (messageType: string) => Route | undefined;
    signedBytes: (request: Request) => Uint8Array;
  },
  call: CallContext,
): Promise<Admitted<Route>> {
  refuse(deps.limits.address(call.clientAddress));
  refuse(checkVersion(request));
  refuse(checkShape(request));
  refuse(checkFreshness(request, deps.now(), deps.freshnessWindowMs));
  refuse(checkPayloadHash(request, sha256(request.payloadBytes)));
  const route = kind.routeOf(request.messageType);
  if (route === undefined) {
    throw new RejectedError({
      reason: 'UNKNOWN_MESSAGE_TYPE',
      message: `This method does not serve the message type ${request.messageType}.`,
    });
  }

  const session = await stage('session', () =>
    lookUpSession(deps.backend, request.deviceSessionId, {
      headers: { 'x-request-id': request.requestId, ...call.traceHeaders },
      signal: call.signal,
    }),
  );
  const signed = kind.signedBytes(request);
  if (!stageSync('verify', () => verifyDeviceSignature(session.publicKey, signed, request.signature))) {
    throw new RejectedError({
      reason: 'BAD_SIGNATURE',
      message: 'The signature is not valid for this request and the session’s key.',
    });
  }
  refuse(deps.limits.session(session, route.class));
  await stage('replay', () => deps.replay.reserve(request, deps.now()));
  return { route, session, requestHash: sha256(signed) };
}

function refuse(rejection: Rejection | undefined): void {
  if (rejection !== undefined) throw new RejectedError(rejection);
}
