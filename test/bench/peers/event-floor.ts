// The floor of the event rows: bare grpc-js streams, and bytes made before that are written to all of them at once.
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { serveCalls } from '../peer.ts';
import { subscribeEventsPath, waveOfFloorPath } from './grpc-bytes.ts';

const bytes = (value: Buffer) => value;
const streams = new Set<ServerWritableStream<Buffer, Buffer>>();
let event = Buffer.alloc(1);

const subscribe: handleServerStreamingCall<Buffer, Buffer> = (call) => {
  streams.add(call);
  call.on('cancelled', () => streams.delete(call));
  call.write(event);
};
const wave: handleUnaryCall<Buffer, Buffer> = (_, callback) => {
  for (const stream of streams) stream.write(event);
  callback(null, Buffer.alloc(0));
};

const method = {
  requestStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
const server = new Server({ 'grpc.enable_channelz': 0 });
server.addService(
  {
    subscribe: { ...method, path: subscribeEventsPath, responseStream: true },
    wave: { ...method, path: waveOfFloorPath, responseStream: false },
  },
  { subscribe, wave },
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

  writeBytes(length: number): void {
    event = Buffer.alloc(length, 'x');
  },
};
export type EventFloorCalls = typeof calls;
serveCalls(calls);
