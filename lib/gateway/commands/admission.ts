// The checks that every signed request must pass, in this order; the first that fails ends the request: address rate,
// version, shape, freshness, payload hash, message type, look-ups of the address, session, signature, session and user
// rate, a place at the upstream, replay. Cheap checks come before those that call another process. The request id is
// reserved last, so that only requests signed with a session's key use memory in Redis, and a request that was refused
// before may be sent again as it is.

import { checkPayloadHash, checkShape, checkVersion, type Envelope } from '../domain/envelope-checks.ts';
import { checkFreshness } from '../domain/freshness.ts';
import type { Rejection } from '../domain/rejection.ts';
import { RejectedError, toRejection } from '../domain/rejection.ts';
import type { MessageClass } from '../domain/routes.ts';
import { sha256 } from '../sha256.ts';
import type { Release } from './capacity.ts';
import { verifyDeviceSignature } from './device-signature.ts';
import type { ReplayReservations } from './replay-reservations.ts';
import type { ReportUse } from './session-use.ts';
import { type ActiveSession, lookUpSession } from './sessions.ts';
import { stage, stageSync } from './stage.ts';
import type { UpstreamService } from './upstream.ts';

export type RequestLimits = {
  /** A rejection when the address exceeds its rate, else undefined. */
  address(clientAddress: string): Rejection | undefined;
  /**
   * Counts a request until its signature is verified; to be told once what came of it. `failed`: not by the client.
   * @throws RejectedError RATE_LIMITED, OVERLOADED
   */
  unverified(
    clientAddress: string,
    request: Pick<Envelope, 'deviceSessionId' | 'payloadBytes'>,
  ): (outcome: 'verified' | 'refused' | 'failed') => void;
  /**
   * Takes a token of the session and of its user; call `keep` or `giveBack` once.
   * @throws RejectedError RATE_LIMITED
   */
  session(session: ActiveSession, messageClass: MessageClass): { keep(): void; giveBack(): void };
};

export type AdmissionDeps = {
  /** The backend, for look-ups of sessions alone. */
  sessions: UpstreamService;
  reportUse: ReportUse;
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
  /** The place that `kind.takePlace` took; the caller gives it back. */
  readonly place: Release;
  /** SHA-256 of the signed bytes, which the response's signature covers. */
  readonly requestHash: Uint8Array;
};

/**
 * @param kind.routeOf the route of a message type that this method serves, else undefined.
 * @param kind.signedBytes the bytes that the client signs for this method.
 * @param kind.takePlace takes a place where the request goes next. @throws RejectedError OVERLOADED
 * @throws RejectedError
 */
export async function admit<Request extends Envelope, Route extends { readonly class: MessageClass }>(
  deps: AdmissionDeps,
  request: Request,
  kind: {
    routeOf: (messageType: string) => Route | undefined;
    signedBytes: (request: Request) => Uint8Array;
    takePlace: (route: Route, request: Request) => Release;
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

  const signed = kind.signedBytes(request);
  const session = await verify(deps, request, signed, call);
  const tokens = deps.limits.session(session, route.class);
  const place = await reserve(deps, request, tokens, () => kind.takePlace(route, request));
  return { route, session, place, requestHash: sha256(signed) };
}

/** Looks the session up and verifies the signature with its key. */
async function verify(
  deps: AdmissionDeps,
  request: Envelope,
  signed: Uint8Array,
  call: CallContext,
): Promise<ActiveSession> {
  const done = deps.limits.unverified(call.clientAddress, request);
  try {
    const session = await stage('session', () =>
      lookUpSession(deps.sessions, request.deviceSessionId, {
        headers: { 'x-request-id': request.requestId, ...call.traceHeaders },
        signal: call.signal,
      }),
    );
    if (!stageSync('verify', () => verifyDeviceSignature(session.publicKey, signed, request.signature))) {
      throw new RejectedError({
        reason: 'BAD_SIGNATURE',
        message: 'The signature is not valid for this request and the session’s key.',
      });
    }
    done('verified');
    if (session.useIsDue) deps.reportUse(session.deviceSessionId);
    return session;
  } catch (error) {
    const platformFailed = ['UPSTREAM_UNAVAILABLE', 'OVERLOADED'].includes(toRejection(error).reason);
    done(platformFailed && !call.signal.aborted ? 'failed' : 'refused');
    throw error;
  }
}

/**
 * Takes a place and reserves the request id. A request that gets no place, or was sent before, gives its tokens back, so
 * nobody without the key can use them up. When Redis does not reply the id may be reserved, so the tokens are kept.
 */
async function reserve(
  deps: AdmissionDeps,
  request: Envelope,
  tokens: ReturnType<RequestLimits['session']>,
  takePlace: () => Release,
): Promise<Release> {
  let place: Release | undefined;
  try {
    place = takePlace();
    await stage('replay', () => deps.replay.reserve(request, deps.now()));
  } catch (error) {
    place?.();
    if (['OVERLOADED', 'REPLAY_DETECTED'].includes(toRejection(error).reason)) tokens.giveBack();
    else tokens.keep();
    throw error;
  }
  tokens.keep();
  return place;
}

function refuse(rejection: Rejection | undefined): void {
  if (rejection !== undefined) throw new RejectedError(rejection);
}
