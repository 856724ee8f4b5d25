// The checks that every signed request passes, in the order in which they answer; the first that fails does, and
// nothing after it happens: address rate, version, shape, freshness, payload hash, message type, session, signature,
// session and user rate, replay. Cheap checks come before those that ask another process, and a request id is
// reserved last, so that only what a session's key has signed takes room in Redis.
import { hash } from 'node:crypto';
import {
  checkFreshness,
  checkPayloadHash,
  checkShape,
  checkVersion,
  type Envelope,
  type Rejection,
} from '../domain/envelope-checks.ts';
import type { MessageClass } from '../domain/routes.ts';
import { RejectedError } from '../rejected-error.ts';
import { verifyDeviceSignature } from './device-signature.ts';
import type { ReplayReservations } from './replay-reservations.ts';
import { type ActiveSession, lookUpSession } from './sessions.ts';
import { stage, stageSync } from './stage.ts';
import type { UpstreamService } from './upstream.ts';

/** Each says what is wrong when a caller is over its rate, or nothing. */
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
  /** IP address of the client; with a trusted proxy in between, the one that the proxy told. */
  readonly clientAddress: string;
  /** Aborts when the client has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** W3C trace context to pass on, `{}` when there is none or the SDK does it. */
  readonly traceHeaders: Record<string, string>;
};

export type Admitted<Route> = {
  readonly route: Route;
  readonly session: ActiveSession;
  /** SHA-256 of the signed bytes, which the answer covers. */
  readonly requestHash: Uint8Array;
};

/**
 * @param kind.routeOf what this method serves; undefined for an unknown message type.
 * @param kind.signedBytes what the client signed for this method.
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
      message: `This method serves no message type ${request.messageType}.`,
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
      message: 'The signature does not fit the request and the session’s key.',
    });
  }
  refuse(deps.limits.session(session, route.class));
  await stage('replay', () => deps.replay.reserve(request, deps.now()));
  return { route, session, requestHash: sha256(signed) };
}

function refuse(rejection: Rejection | undefined): void {
  if (rejection !== undefined) throw new RejectedError(rejection);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
