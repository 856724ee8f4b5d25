// Runs one command, from the signed request to the signed response. admission.ts checks the request first; the upstream
// is called only for requests that pass. A response of the upstream, success or error, becomes a signed response;
// every other failure is a RejectedError.

import { z } from 'zod';
import { errorBody } from '../../errors/table.ts';
import type { ExchangeResponse } from '../../http/exchange.ts';
import { commandBytes, protocolVersion, responseBytes } from '../../protocol/envelope.ts';
import type {
  ExecuteCommandRequest,
  ExecuteCommandResponse,
} from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { type PayloadProblem, type Route, routeOf, toUpstreamRequest } from '../domain/routes.ts';
import { parseJson } from '../parse-json.ts';
import { sha256 } from '../sha256.ts';
import { type AdmissionDeps, type Admitted, admit, type CallContext } from './admission.ts';
import type { ResponseSigner } from './response-signer.ts';
import { stage, stageSync } from './stage.ts';
import type { UpstreamService } from './upstream.ts';

/** Without `game` there are no message types that lead to it. */
export type CommandUpstreams = Readonly<
  Record<'backend' | 'lobby', UpstreamService> & { game: UpstreamService | undefined }
>;

export type CommandDeps = {
  admission: AdmissionDeps;
  upstreams: CommandUpstreams;
  signer: Pick<ResponseSigner, 'sign' | 'keyId'>;
  now: () => number;
};

/** @throws RejectedError */
export async function executeCommand(
  deps: CommandDeps,
  request: ExecuteCommandRequest,
  call: CallContext,
): Promise<ExecuteCommandResponse> {
  const kind = {
    routeOf: (messageType: string) => servedRoute(deps.upstreams, messageType),
    signedBytes: commandBytes,
    takePlace: ({ upstream }: ServedRoute) => upstream.takePlace(request.payloadBytes.length),
  };
  const admitted = await admit(deps.admission, request, kind, call);
  const { resultCode, payload } = await forward(request, admitted, call);
  return signResponse(deps, request.requestId, admitted.requestHash, resultCode, payload);
}

/** A route, and the service that it leads to. */
type ServedRoute = Omit<Route, 'upstream'> & { readonly upstream: UpstreamService };

function servedRoute(upstreams: CommandUpstreams, messageType: string): ServedRoute | undefined {
  const route = routeOf(messageType);
  const upstream = route && upstreams[route.upstream];
  return upstream && { ...route, upstream };
}

type Result = { resultCode: string; payload: Uint8Array };

async function forward(
  request: ExecuteCommandRequest,
  { route, session, place }: Admitted<ServedRoute>,
  call: CallContext,
): Promise<Result> {
  const upstreamRequest = readPayload(route, request.payloadBytes);
  if (!upstreamRequest.ok) {
    place();
    return invalidRequest(upstreamRequest.problems);
  }
  const { upstream } = route;
  const { method, target, body } = upstreamRequest.request;
  const headers = {
    'x-request-id': request.requestId,
    ...call.traceHeaders,
    'x-user-id': session.userId,
    'x-device-session-id': session.deviceSessionId,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.idempotencyKey ? { 'idempotency-key': request.idempotencyKey } : {}),
    ...(request.ifMatch ? { 'if-match': request.ifMatch } : {}),
  };
  const response = await stage('upstream', () =>
    upstream.call(
      { method, target, headers, ...(body === undefined ? {} : { body }), signal: call.signal },
      place,
    ),
  );
  return toResult(upstream, response);
}

const payloadSchema = z.record(z.string(), z.unknown());
const errorResponseSchema = z.object({
  error: z.object({ code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), message: z.string() }),
});

/** An empty payload counts as `{}`. */
function readPayload(route: ServedRoute, bytes: Uint8Array): ReturnType<typeof toUpstreamRequest> {
  const payload = bytes.length === 0 ? {} : payloadSchema.safeParse(parseJson(bytes)).data;
  if (payload !== undefined) return toUpstreamRequest(route, payload);
  return { ok: false, problems: [{ field: 'payload_bytes', problem: 'must be a JSON object in UTF-8' }] };
}

/** A 2xx response has the result code `ok`, a well-formed error its own code; both with their body. */
function toResult(upstream: UpstreamService, { status, body }: ExchangeResponse): Result {
  const parsed = parseJson(body);
  if (status >= 200 && status < 300) {
    if (parsed === undefined) throw upstream.unavailable(`responded with ${status} without JSON`);
    return { resultCode: 'ok', payload: body };
  }
  const error = errorResponseSchema.safeParse(parsed).data?.error;
  if (error === undefined || status < 400)
    throw upstream.unavailable(`responded with ${status} without an error body`);
  return { resultCode: error.code, payload: body };
}

function invalidRequest(fields: PayloadProblem[]): Result {
  const body = errorBody('invalid_request', 'The payload is not valid; see the fields.', { fields });
  return { resultCode: body.error.code, payload: Buffer.from(JSON.stringify(body)) };
}

function signResponse(
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
    signature: Buffer.from(stageSync('sign', () => deps.signer.sign(responseBytes(fields)))),
    keyId: fields.keyId,
  };
}
