// ExecuteCommand over Connect and gRPC-Web: the library reads and writes both protocols, in binary and in JSON. The
// request has been read whole before; refusals that come before the command go through the library, too, since it
// knows how a protocol reports them.
import {
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
} from '@connectrpc/connect';
import {
  createAsyncIterable,
  type UniversalHandler,
  type UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import {
  EdgeGateway,
  type ExecuteCommandRequest,
} from '../../protocol/generated/es/galaxy/gateway/v1/gateway_pb.ts';
import type { ExecuteCommandRequest as Command } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { CommandDeps } from '../commands/execute-command.ts';
import { runCommand } from '../commands/run-command.ts';
import { type Rejection, toRejection } from '../domain/rejection.ts';
import { commandDone } from '../instruments.ts';
import { toConnectError } from './connect-error.ts';
import { malformed } from './protocol.ts';
import { maxBodyBytes } from './request-bodies.ts';
import { type WebCall, writeHead } from './web-call.ts';

/** The state of a call, which the library carries from its request to the implementation. */
type State = Pick<WebCall, 'clientAddress' | 'traceHeaders'> & {
  readonly rejection: Rejection | undefined;
  /** Whether the command was run, so its outcome is reported. */
  ran: boolean;
};

const stateKey = createContextKey<State | undefined>(undefined);

/** Never rejects for what a client sends. */
export function createCommandMethod(deps: CommandDeps & { log: Logger }): (call: WebCall) => Promise<void> {
  const handler = createHandler(deps);
  return async (call) => {
    const { received, clientAddress, traceHeaders } = call;
    const state: State = {
      clientAddress,
      traceHeaders,
      rejection: 'body' in received ? undefined : received,
      ran: false,
    };
    const response = await ask(handler, call, state);
    if (state.ran) return send(call, response);
    const rejection = state.rejection ?? unreadable.rejection;
    commandDone('', rejection.reason, 0);
    return send(call, state.rejection ? response : await ask(handler, call, { ...state, rejection }));
  };
}

const unreadable = malformed('The body is not a valid message of this method.');

function createHandler(deps: CommandDeps & { log: Logger }): UniversalHandler {
  const { handlers } = createConnectRouter({
    grpc: false,
    readMaxBytes: maxBodyBytes,
    requestGate: ({ values }) => {
      const rejection = values.get(stateKey)?.rejection;
      if (rejection !== undefined) throw toConnectError(rejection);
    },
  }).rpc(EdgeGateway.method.executeCommand, async (message, { signal, values }) => {
    const state = values.get(stateKey);
    if (state === undefined) throw new Error('the call has no state');
    state.ran = true;
    try {
      return await runCommand(deps, toCommand(message), { ...state, signal });
    } catch (error) {
      // Of the library, when the deadline of the call has passed.
      if (signal.reason instanceof ConnectError) throw signal.reason;
      throw toConnectError(toRejection(error));
    }
  });
  const [handler] = handlers;
  if (handler === undefined) throw new Error('the router has no handler');
  return handler;
}

async function ask(handler: UniversalHandler, call: WebCall, state: State): Promise<UniversalServerResponse> {
  const { request, response, protocol, received } = call;
  const header = new Headers({ 'content-type': request.headers['content-type'] ?? '' });
  const { body, timeoutMs } = 'body' in received ? received : { body: undefined, timeoutMs: undefined };
  const timeout = request.headers[protocol.timeoutHeader];
  if (timeoutMs !== undefined && typeof timeout === 'string') header.set(protocol.timeoutHeader, timeout);
  const gone = new AbortController();
  const onClose = () => gone.abort(new Error('the client has gone'));
  response.once('close', onClose);
  try {
    return await handler({
      httpVersion: '1.1',
      method: 'POST',
      // Its origin is not used, and that of the request is not known.
      url: `http://gateway${handler.requestPath}`,
      header,
      body: createAsyncIterable(body === undefined ? [] : [body]),
      signal: gone.signal,
      contextValues: createContextValues().set(stateKey, state),
    });
  } finally {
    response.off('close', onClose);
  }
}

async function send(call: WebCall, { status, header, body }: UniversalServerResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (call.response.destroyed) return;
  writeHead(call, status, {
    ...Object.fromEntries(header ?? []),
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  call.response.end(bytes);
}

/** The same message as the gRPC side has it. */
function toCommand({ payloadBytes, payloadHash, signature, ...message }: ExecuteCommandRequest): Command {
  return {
    ...message,
    payloadBytes: asBuffer(payloadBytes),
    payloadHash: asBuffer(payloadHash),
    signature: asBuffer(signature),
  };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
