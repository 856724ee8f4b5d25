// Reads the bodies of requests whole, each bounded in size, and those that have arrived in part bounded in number: a
// request counts before its body is read. Past that bound the client that has the most loses its oldest.
import type { IncomingMessage } from 'node:http';
import { UnfinishedRequests } from '../../node/unfinished-requests.ts';
import { overloaded } from '../commands/capacity.ts';
import { RejectedError } from '../domain/rejection.ts';

/** JSON carries the largest payload as base64: 342 KiB, and the other fields. */
export const maxBodyBytes = 400 * 1024;

/** All together use 100 MiB at most. */
const maxUnfinished = 256;

type Reading = { refuse(error: RejectedError): void };

export class RequestBodies {
  readonly #unfinished = new UnfinishedRequests<Reading>(maxUnfinished);

  /**
   * @param client by which requests are counted.
   * @returns undefined when the client has gone.
   * @throws RejectedError MESSAGE_TOO_LARGE, OVERLOADED
   */
  read(request: IncomingMessage, client: string): Promise<Buffer | undefined> {
    if (Number(request.headers['content-length']) > maxBodyBytes) return Promise.reject(tooLarge());
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const stop = () => {
        this.#unfinished.delete(reading);
        // What still arrives is discarded until the response has ended the connection.
        request.off('data', onData).off('end', onEnd).off('close', onClose).resume();
      };
      const refuse = (error: RejectedError) => {
        stop();
        reject(error);
      };
      const onData = (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBodyBytes) refuse(tooLarge());
        else chunks.push(chunk);
      };
      const onEnd = () => {
        stop();
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      };
      const onClose = () => {
        stop();
        resolve(undefined);
      };
      const reading: Reading = { refuse };
      request.on('data', onData).on('end', onEnd).on('close', onClose);
      this.#unfinished.add(reading, client)?.refuse(overloaded('the rest of their bodies'));
    });
  }
}

function tooLarge(): RejectedError {
  return new RejectedError({ reason: 'MESSAGE_TOO_LARGE', message: 'A request may have at most 400 KiB.' });
}
