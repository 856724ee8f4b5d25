// The clients of gateway.command and platform.*: device sessions, each with a key of its own, their commands signed before a
// round begins, and a fixed number of them in flight during it.
import { randomUUID } from 'node:crypto';
import { commandBytes, protocolVersion, responseBytes } from '../../../lib/protocol/envelope.ts';
import {
  ExecuteCommandRequest,
  ExecuteCommandResponse,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { gameIdOf } from '../lobby-database.ts';
import { serveCalls } from '../peer.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';
import { executeCommandPath, framed, GrpcConnection } from './grpc-bytes.ts';
import { makeSession, type Session, sha256, signWith, verifierOf } from './sessions.ts';
import type { SessionResponse } from './upstreams.ts';
import { WebConnection } from './web-bytes.ts';

type Signed = { frame: Buffer; requestId: string; requestHash: Buffer };
/** With the mean lengths of a response, and of the payload in it. */
export type CommandRound = LoopRound & { responseBytes: number; payloadBytes: number };
type Load = {
  addr: string;
  /** gRPC unless given. */
  transport?: 'gRPC' | 'Connect';
  connections: number;
  inFlight: number;
  ms: number;
};

/** Every so many responses the signature is verified, after the round. */
const verifiedEvery = 64;
const gameId = randomUUID();

type Command = { messageType: string; payload: object };

/** What the clients send, by the turn of the command and the number of games. */
const kinds = {
  /** Every other one reads a game, the others apply for one. */
  mixed: (count: number): Command =>
    count % 2 === 0
      ? { messageType: 'lobby.game.get', payload: { game_id: gameId } }
      : {
          messageType: 'lobby.application.submit',
          payload: { game_id: gameId, race_name: `Vega ${count}` },
        },
  // A step that leaves none out and has no neighbours in it.
  get: (count: number, games: number): Command => ({
    messageType: 'lobby.game.get',
    payload: { game_id: gameIdOf(1 + ((count * 7919) % games)) },
  }),
  list: (): Command => ({ messageType: 'lobby.game.list', payload: { page_size: 50 } }),
  /** Each in the next game that enrolls. */
  apply: (count: number, games: number): Command => ({
    messageType: 'lobby.application.submit',
    payload: { game_id: gameIdOf(2 * (1 + (count % (games / 2)))), race_name: `Vega ${count}` },
  }),
};
export type CommandKind = keyof typeof kinds;

const sessions: Session[] = [];
const signed: Signed[] = [];
let turn = 0;

const calls = {
  /** Makes sessions. @returns the backend's responses about them. */
  makeSessions(count: number): SessionResponse[] {
    const made = Array.from({ length: count }, () => makeSession());
    sessions.push(...made.map(({ session }) => session));
    return made.map(({ response }) => response);
  },

  /** Signs until this many commands are ready to be sent. @param games that they are about. */
  prepare(count: number, kind: CommandKind = 'mixed', games = 1): void {
    while (signed.length < count) signed.push(signNext(kind, games));
  },

  /** Sends every signed command once, and checks every response. @param serverKey base64url. */
  async runCommands(load: Load, serverKey: string): Promise<CommandRound> {
    const sample: { request: Signed; response: ExecuteCommandResponse }[] = [];
    let count = 0;
    let responseBytes = 0;
    let payloadBytes = 0;
    const round = await runRound(load, takeSigned, (request, encoded) => {
      const response = ExecuteCommandResponse.decode(encoded);
      if (response.resultCode !== 'ok' || response.requestId !== request.requestId) {
        throw new Error(`${request.requestId} got ${response.requestId} ${response.resultCode}`);
      }
      count += 1;
      responseBytes += encoded.length;
      payloadBytes += response.payloadBytes.length;
      if (count % verifiedEvery === 0) sample.push({ request, response });
    });
    const verify = verifierOf(serverKey);
    for (const { request, response } of sample) requireSignature(request, response, verify);
    const mean = (bytes: number) => Math.round(bytes / count);
    return { ...round, responseBytes: mean(responseBytes), payloadBytes: mean(payloadBytes) };
  },

  /** Sends commands of the same sizes to the floor, which looks at none of them. */
  async runFloor(load: Load, responseBytes: number): Promise<LoopRound> {
    const requests = [signNext(), signNext()];
    let next = 0;
    return runRound(
      load,
      () => {
        next += 1;
        return requests[next % requests.length] ?? signNext();
      },
      (_, response) => {
        if (response.length !== responseBytes) throw new Error(`the floor sent ${response.length} bytes`);
      },
    );
  },
};
export type CommandLoadCalls = typeof calls;
serveCalls(calls);

function signNext(kind: CommandKind = 'mixed', games = 1): Signed {
  const session = sessions[turn % sessions.length];
  if (session === undefined) throw new Error('there are no sessions');
  turn += 1;
  const { messageType, payload } = kinds[kind](turn, games);
  const payloadBytes = Buffer.from(JSON.stringify(payload));
  const fields = {
    protocolVersion,
    deviceSessionId: session.deviceSessionId,
    messageType,
    timestampMs: BigInt(Date.now()),
    requestId: randomUUID(),
    idempotencyKey: '',
    ifMatch: '',
    payloadHash: sha256(payloadBytes),
  };
  const bytes = commandBytes(fields);
  const request = { ...fields, payloadBytes, signature: signWith(session, bytes) };
  return {
    frame: framed(ExecuteCommandRequest.encode(request).finish()),
    requestId: fields.requestId,
    requestHash: sha256(bytes),
  };
}

function takeSigned(): Signed {
  const next = signed.pop();
  // Signing now would make the load a part of what is measured.
  if (next === undefined) throw new Error('too few commands were signed before the round');
  return next;
}

async function runRound(
  { addr, transport, connections, inFlight, ms }: Load,
  take: () => Signed,
  check: (request: Signed, response: Buffer) => void,
): Promise<LoopRound> {
  const open = transport === 'Connect' ? WebConnection.open : GrpcConnection.open;
  const opened = await Promise.all(Array.from({ length: connections }, () => open(addr)));
  const round = await closedLoop(inFlight, ms, async (worker) => {
    const connection = opened[worker % opened.length];
    if (connection === undefined) throw new Error('there are no connections');
    const request = take();
    check(request, await connection.unary(executeCommandPath, request.frame));
  });
  await Promise.all(opened.map((connection) => connection.close()));
  return round;
}

function requireSignature(
  request: Signed,
  response: ExecuteCommandResponse,
  verify: ReturnType<typeof verifierOf>,
): void {
  const whole = sha256(response.payloadBytes).equals(response.payloadHash);
  const bytes = responseBytes({ ...response, requestHash: request.requestHash });
  if (!whole || !verify(bytes, response.signature)) {
    throw new Error(`the response to ${request.requestId} is not signed by the gateway`);
  }
}
