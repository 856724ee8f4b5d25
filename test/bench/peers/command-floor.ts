// The floor of gateway.command: grpc-js and nothing else. Takes a message as bytes and responds with prepared bytes.
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { serveCalls } from '../peer.ts';
import { executeCommandPath } from './grpc-bytes.ts';

const bytes = (value: Buffer) => value;
let response = Buffer.alloc(0);

const echo: handleUnaryCall<Buffer, Buffer> = (_, callback) => callback(null, response);

const server = new Server({ 'grpc.enable_channelz': 0 });
server.addService(
  {
    executeCommand: {
      path: executeCommandPath,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  { executeCommand: echo },
);

const calls = {
  /** @returns host:port. */
  async listen(): Promise<string> {
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return `127.0.0.1:${port}`;
  },

  respondWith(length: number): void {
    response = Buffer.alloc(length, 'x');
  },
};
export type CommandFloorCalls = typeof calls;
serveCalls(calls);
