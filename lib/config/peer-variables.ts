// The variables of a peer that a service asks over HTTP, under a prefix of its own.
import { bearerToken, httpUrl, positiveDuration } from './types.ts';
import { defaulted, optional, required } from './variables.ts';

/** @param example base URL of the peer on this machine. */
export function httpPeer(prefix: string, peer: { name: string; example: string; asker: string }) {
  return {
    baseUrl: required(`${prefix}_BASE_URL`, httpUrl, {
      help: `Base URL of the ${peer.name}, such as ${peer.example}. It need not be up when the ${peer.asker} starts.`,
    }),
    timeoutMs: defaulted(`${prefix}_TIMEOUT`, '2s', positiveDuration, { help: 'Bound on one call to it.' }),
    token: optional(`${prefix}_TOKEN`, bearerToken, {
      help: 'Bearer token that calls to it carry.',
      secret: true,
    }),
  };
}
