// One command, from the signed request to the signed answer.
//
// The checks stand below in the order in which they answer; the first that fails does, and nothing after it
// happens: version, shape, freshness, payload hash, message type, session, signature, replay. Cheap checks come
// before those that ask another process, and no upstream is called before the request id is reserved. What the
// upstream answered, its errors alike, becomes a signed answer; everything else is a RejectedError.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { errorBody } from '../errors/table.ts';
import { commandBytes, protocolVersion, responseBytes } from '../protocol/envelope.ts';
import type {
  ExecuteCommandRequest,
  ExecuteCommandResponse,
} from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { verifyDeviceSignature } from './device-signature.ts';
import {
  checkFreshness,
  checkPayloadHash,
  checkShape,
  checkVersion,
  type Rejection,
} from './domain/envelope-checks.ts';
import {
  type PayloadProblem,
  type Route,
  routeOf,
  toUpstreamRequest,
  type Upstream,
} from './domain/routes.ts';
import { RejectedError } from './rejected-error.ts';
import type { ReplayReservations } from './replay-reservations.ts';
import type { ResponseSigner } from './response-signer.ts';
import { type ActiveSession, lookUpSession } from './sessions.ts';
import type { UpstreamAnswer, UpstreamService } from './upstream.ts';

export type CommandDeps = {
  upstreams: Readonly<Record<Upstream, UpstreamService>>;
  replay: Pick<ReplayReservations, 'reserve'>;
  signer: Pick<ResponseSigner, 'sign' | 'keyId'>;
  freshnessWindowMs: number;
  now: () => number;
};

export type CallContext = {
  /** Aborts when the client has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** W3C trace context to pass on, `{}` when there is none or the SDK does it. */
  readonly traceHeaders: Record<string, string>;
};

/** @throws RejectedError */
export async function executeCommand(
  deps: CommandDeps,
  request: ExecuteCommandRequest,
  call: CallContext,
): Promise<ExecuteCommandResponse> {
  refuse(checkVersion(request));
  refuse(checkShape(request));
  refuse(checkFreshness(request, deps.now(), deps.freshnessWindowMs));
  refuse(checkPayloadHash(request, sha256(request.payloadBytes)));
  const route = routeOf(request.messageType) ?? unknownMessageType(request.messageType);

  const headers = { 'x-request-id': request.requestId, ...call.traceHeaders };
  const session = await lookUpSession(deps.upstreams.backend, request.deviceSessionId, {
    headers,
    signal: call.signal,
  });
  const signed = commandBytes(request);
  if (!verifyDeviceSignature(session.publicKey, signed, request.signature)) {
    throw new RejectedError({
      reason: 'BAD_SIGNATURE',
      message: 'The signature does not fit the request and the session’s key.',
    });
  }
  await deps.replay.reserve(request, deps.now());

  const { resultCode, payload } = await forward(deps.upstreams[route.upstream], route, request, session, {
    ...call,
    headers,
  });
  return signAnswer(deps, request.requestId, sha256(signed), resultCode, payload);
}

type Result = { resultCode: string; payload: Uint8Array };

async function forward(
  upstream: UpstreamService,
  route: Route,
  request: ExecuteCommandRequest,
  session: ActiveSession,
  call: { headers: Record<string, string>; signal: AbortSignal },
): Promise<Result> {
  const payload = parsePayload(request.payloadBytes);
  if (payload === undefined) {
    return invalidRequest([{ field: 'payload_bytes', problem: 'must be a JSON object in UTF-8' }]);
  }
  const upstreamRequest = toUpstreamRequest(route, payload);
  if (!upstreamRequest.ok) return invalidRequest(upstreamRequest.problems);

  const { method, target, body } = upstreamRequest.request;
  const answer = await upstream.call({
    method,
    target,
    headers: {
      ...call.headers,
      'x-user-id': session.userId,
      'x-device-session-id': session.deviceSessionId,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.idempotencyKey ? { 'idempotency-key': request.idempotencyKey } : {}),
      ...(request.ifMatch ? { 'if-match': request.ifMatch } : {}),
    },
    ...(body === undefined ? {} : { body }),
    signal: call.signal,
  });
  return toResult(upstream, answer);
}

const payloadSchema = z.record(z.string(), z.unknown());
const errorAnswerSchema = z.object({
  error: z.object({ code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), message: z.string() }),
});

/** An empty payload counts as `{}`. */
function parsePayload(bytes: Uint8Array): Record<string, unknown> | undefined {
  return bytes.length === 0 ? {} : payloadSchema.safeParse(parseJson(bytes)).data;
}

/** A 2xx answer is `ok` with its body; a well-formed error is its code with its body. */
function toResult(upstream: UpstreamService, { status, body }: UpstreamAnswer): Result {
  const parsed = parseJson(body);
  if (status >= 200 && status < 300) {
    if (parsed === undefined) throw upstream.unavailable(`answered ${status} without JSON`);
    return { resultCode: 'ok', payload: body };
  }
  const error = errorAnswerSchema.safeParse(parsed).data?.error;
  if (error === undefined || status < 400)
    throw upstream.unavailable(`answered ${status} without an error body`);
  return { resultCode: error.code, payload: body };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

function invalidRequest(fields: PayloadProblem[]): Result {
  const body = errorBody('invalid_request', 'The payload is not valid; see the fields.', { fields });
  return { resultCode: body.error.code, payload: Buffer.from(JSON.stringify(body)) };
}

function signAnswer(
  deps: CommandDeps,
  requestId: string,
  requestHash: Uint8Array,
  resultCode: string,
  payload: Uint8Array,
): ExecuteCommandResponse {
  const fields = {
    keyId: deps.signer.keyId,
    requestHash,
    timestampMs: BigInt(deps.now()),
    resultCode,
    payloadHash: sha256(payload),
  };
  return {
    protocolVersion,
    requestId,
    timestampMs: fields.timestampMs,
    resultCode,
    payloadBytes: Buffer.from(payload),
    payloadHash: Buffer.from(fields.payloadHash),
    signature: Buffer.from(deps.signer.sign(responseBytes(fields))),
    keyId: fields.keyId,
  };
}

function refuse(rejection: Rejection | undefined): void {
  if (rejection !== undefined) throw new RejectedError(rejection);
}

function unknownMessageType(messageType: string): never {
  throw new RejectedError({
    reason: 'UNKNOWN_MESSAGE_TYPE',
    message: `This gateway routes no message type ${messageType}.`,
  });
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
