import { Agent, setGlobalDispatcher } from 'undici';
import { connectionLife } from '../http/connection-life.ts';

/** Lets `fetch` keep connections only so long, in the whole process. On Node alone: other runtimes have their own. */
export function renewFetchConnections(clientTtl = connectionLife()): void {
  setGlobalDispatcher(new Agent({ clientTtl }));
}
