// The variables of a service's Redis, under the service's prefix.
import type { Check } from './startup.ts';
import {
  anyText,
  bearerToken,
  httpUrl,
  integer,
  type ListenAddress,
  peerAddress,
  positiveDuration,
} from './types.ts';
import { defaulted, optional, required, type Variable } from './variables.ts';

/** @param what it is for, such as `carries the streams`. @param addr the name of its address's variable after the prefix. */
export function redisVariables(service: string, what: string, addr = 'ADDR') {
  const prefix = `${service}_REDIS`;
  return {
    addr: required(`${prefix}_${addr}`, peerAddress, { help: `host:port of the Redis that ${what}.` }),
    password: required(`${prefix}_PASSWORD`, anyText, {
      help: 'Its password; set it to nothing on purpose for a Redis without one.',
      secret: true,
      mayBeEmpty: true,
    }),
    db: defaulted(`${prefix}_DB`, '0', integer(0, 1_000_000), { help: 'Number of its logical database.' }),
    operationTimeoutMs: defaulted(`${prefix}_OPERATION_TIMEOUT`, '2s', positiveDuration, {
      help: 'Bound on connecting and on one command.',
    }),
  };
}

/** Of a service whose HTTP side can do without a connection. */
export function redisRestVariables(service: string) {
  const prefix = `${service}_REDIS_REST`;
  return {
    url: optional(`${prefix}_URL`, httpUrl, {
      help: 'The same Redis over REST, as Upstash speaks it, such as https://example-12345.upstash.io. The HTTP side then needs no connection to it; see [drivers.md](drivers.md).',
    }),
    token: optional(`${prefix}_TOKEN`, bearerToken, {
      help: `Bearer token for it. Required with ${prefix}_URL.`,
      secret: true,
    }),
  };
}

type RestConfig = {
  readonly redis: { readonly rest: { readonly url: string | undefined; readonly token: string | undefined } };
};

/** Makes a variable of a connection one that may be missing where REST is configured; `redisHttpChecks` see to that. */
export function unlessRest<T>(variable: Variable<T>): Variable<T | undefined> {
  return { ...variable, presence: 'optional' };
}

type HttpRedisConfig = RestConfig & {
  readonly redis: { readonly addr: ListenAddress | undefined; readonly password: string | undefined };
};

/** For the HTTP side: Redis over REST or over a connection, one of them whole. */
export function redisHttpChecks(service: string, addr = 'ADDR'): Check<HttpRedisConfig>[] {
  const prefix = `${service}_REDIS`;
  const url = `${prefix}_REST_URL`;
  const token = `${prefix}_REST_TOKEN`;
  return [
    {
      needs: [`${prefix}_${addr}`, url, token],
      problem: ({ redis: { addr, rest } }) =>
        addr === undefined && rest.url === undefined && rest.token === undefined
          ? `is not set. Set it to host:port of Redis, or ${url} in its place.`
          : undefined,
    },
    {
      needs: [`${prefix}_PASSWORD`, url, token],
      problem: ({ redis: { password, rest } }) =>
        password === undefined && rest.url === undefined && rest.token === undefined
          ? 'is not set. Set it to nothing on purpose for a Redis without one.'
          : undefined,
    },
    {
      needs: [token, url],
      problem: ({ redis: { rest } }) =>
        rest.url !== undefined && rest.token === undefined ? `is not set; ${url} needs it` : undefined,
    },
    {
      needs: [url, token],
      problem: ({ redis: { rest } }) =>
        rest.token !== undefined && rest.url === undefined
          ? `is not set; ${token} is of no use alone`
          : undefined,
    },
  ];
}

/** For whoever waits for entries of streams: REST knows no commands that block. */
export function redisTcpCheck(service: string, addr = 'ADDR'): Check<HttpRedisConfig> {
  const url = `${service}_REDIS_REST_URL`;
  return {
    needs: [url],
    problem: ({ redis }) =>
      redis.addr === undefined && redis.rest.url !== undefined
        ? `serves the HTTP side alone; this process waits for entries of streams, and needs ${service}_REDIS_${addr}`
        : undefined,
  };
}
