// The variables of a service's Redis, under the service's prefix.
import type { Check } from './startup.ts';
import {
  anyText,
  bearerToken,
  boolean,
  httpUrl,
  integer,
  type ListenAddress,
  peerAddress,
  positiveDuration,
} from './types.ts';
import { defaulted, optional, required, type Variable } from './variables.ts';

/**
 * @param use such as `carries the streams`.
 * @param addr end of the name of the variable that holds its address.
 */
export function redisVariables(service: string, use: string, addr = 'ADDR') {
  const prefix = `${service}_REDIS`;
  return {
    addr: redisAddress(service, use, addr),
    password: required(`${prefix}_PASSWORD`, anyText, {
      help: 'Its password; for a Redis without one, set this variable to an empty value.',
      secret: true,
      mayBeEmpty: true,
    }),
    db: defaulted(`${prefix}_DB`, '0', integer(0, 1_000_000), { help: 'Number of its logical database.' }),
    operationTimeoutMs: redisOperationTimeout(service, '2s'),
  };
}

export function redisAddress(service: string, use: string, addr = 'ADDR') {
  return required(`${service}_REDIS_${addr}`, peerAddress, { help: `host:port of the Redis that ${use}.` });
}

export function redisOperationTimeout(service: string, fallback: string) {
  return defaulted(`${service}_REDIS_OPERATION_TIMEOUT`, fallback, positiveDuration, {
    help: 'Bound on connecting and on one command.',
  });
}

export function redisTls(service: string) {
  return defaulted(`${service}_REDIS_TLS_ENABLED`, 'false', boolean, {
    help: 'Whether to connect with TLS.',
  });
}

/** For a service whose HTTP side can work without a connection to Redis. */
export function redisRestVariables(service: string) {
  const prefix = `${service}_REDIS_REST`;
  return {
    url: optional(`${prefix}_URL`, httpUrl, {
      help: 'The same Redis over Upstash’s REST interface, such as https://example-12345.upstash.io. The HTTP side then needs no connection to it; see [drivers.md](drivers.md).',
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

/** For the HTTP side: the connection may be missing where REST is configured. `redisHttpChecks` enforces that. */
export function redisOverRestOrTcp<
  Redis extends Pick<ReturnType<typeof redisVariables>, 'addr' | 'password'>,
>(redis: Redis) {
  return { ...redis, addr: madeOptional(redis.addr), password: madeOptional(redis.password) };
}

function madeOptional<T>(variable: Variable<T>): Variable<T | undefined> {
  return { ...variable, presence: 'optional' };
}

type HttpRedisConfig = RestConfig & {
  readonly redis: { readonly addr: ListenAddress | undefined; readonly password: string | undefined };
};

/** For the HTTP side: Redis over REST or over a connection, and all variables of the one that is used. */
export function redisHttpChecks(service: string, addr = 'ADDR'): Check<HttpRedisConfig>[] {
  const prefix = `${service}_REDIS`;
  const url = `${prefix}_REST_URL`;
  const token = `${prefix}_REST_TOKEN`;
  return [
    {
      needs: [`${prefix}_${addr}`, url, token],
      problem: ({ redis: { addr, rest } }) =>
        addr === undefined && rest.url === undefined && rest.token === undefined
          ? `is not set. Set it to host:port of Redis, or set ${url} instead.`
          : undefined,
    },
    {
      needs: [`${prefix}_PASSWORD`, url, token],
      problem: ({ redis: { password, rest } }) =>
        password === undefined && rest.url === undefined && rest.token === undefined
          ? 'is not set. For a Redis without one, set this variable to an empty value.'
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
          ? `is not set; ${token} has no effect without it`
          : undefined,
    },
  ];
}

/** For a process that waits for entries of streams: REST has no commands that block. */
export function redisTcpCheck(service: string, addr = 'ADDR'): Check<HttpRedisConfig> {
  const url = `${service}_REDIS_REST_URL`;
  return {
    needs: [url],
    problem: ({ redis }) =>
      redis.addr === undefined && redis.rest.url !== undefined
        ? `is only for the HTTP side; this process waits for entries of streams, and needs ${service}_REDIS_${addr}`
        : undefined,
  };
}
