// The variables of a service's Redis, under the service's prefix.
import type { Check } from './startup.ts';
import {
  anyText,
  bearerToken,
  boolean,
  filePath,
  httpUrl,
  integer,
  type ListenAddress,
  listOf,
  peerAddress,
  positiveDuration,
  text,
} from './types.ts';
import { defaulted, optional, required, requiredUnless, type Variable } from './variables.ts';

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
    ...redisLinkVariables(service, addr),
  };
}

/** @param instead further variables with which it is not needed. */
export function redisAddress(service: string, use: string, addr = 'ADDR', instead: readonly string[] = []) {
  const others = [`${service}_REDIS_SENTINELS`, ...instead];
  return requiredUnless(`${service}_REDIS_${addr}`, others, peerAddress, {
    help: `host:port of the Redis that ${use}. Not needed with ${others.join(' or ')}.`,
  });
}

/** How to sign in, with what protection, and who knows the master. */
export function redisLinkVariables(service: string, addr = 'ADDR') {
  const { username, tls, tlsCaPath, sentinels, masterName, sentinelPassword } = linkNames(service, addr);
  return {
    username: optional(username, text, {
      help: 'User name (ACL); unset: the default user. [drivers.md](drivers.md#permissions) has the rules that it needs.',
    }),
    tls: defaulted(tls, 'false', boolean, {
      help: 'Whether to connect with TLS, to Sentinels and replicas as well.',
    }),
    tlsCaPath: optional(tlsCaPath, filePath, {
      help: 'PEM file with the certificate authorities to trust for it; unset: those of Node.',
    }),
    sentinel: {
      addrs: defaulted(sentinels, '', listOf(peerAddress), {
        help: `host:port of Sentinels, separated by commas, which say where the master is, in place of ${service}_REDIS_${addr}.`,
      }),
      masterName: defaulted(masterName, 'mymaster', text, {
        help: 'The name by which Sentinels know the master.',
      }),
      password: optional(sentinelPassword, text, { help: 'Password of the Sentinels.', secret: true }),
    },
  };
}

function linkNames(service: string, addr: string) {
  const prefix = `${service}_REDIS`;
  const ofServer = `${prefix}_${addr.slice(0, -'ADDR'.length)}`;
  return {
    username: `${ofServer}USERNAME`,
    tls: `${ofServer}TLS_ENABLED`,
    tlsCaPath: `${ofServer}TLS_CA_PATH`,
    sentinels: `${prefix}_SENTINELS`,
    masterName: `${prefix}_SENTINEL_MASTER_NAME`,
    sentinelPassword: `${prefix}_SENTINEL_PASSWORD`,
  };
}

/** The variables that opening it depends on, for `start`. */
export function redisNeeds(service: string, addr = 'ADDR'): [string, ...string[]] {
  const prefix = `${service}_REDIS`;
  return [
    `${prefix}_${addr}`,
    `${prefix}_PASSWORD`,
    `${prefix}_DB`,
    `${prefix}_OPERATION_TIMEOUT`,
    ...Object.values(linkNames(service, addr)),
  ];
}

type LinkConfig = {
  readonly redis: {
    readonly addr: ListenAddress | undefined;
    readonly tls: boolean;
    readonly tlsCaPath: string | undefined;
    readonly sentinel: { readonly addrs: readonly ListenAddress[] };
  };
};

/** For every process with a connection to Redis. */
export function redisChecks(service: string, addr = 'ADDR'): Check<LinkConfig>[] {
  const names = linkNames(service, addr);
  const address = `${service}_REDIS_${addr}`;
  return [
    {
      needs: [names.sentinels, address],
      problem: ({ redis: { addr, sentinel } }) =>
        addr !== undefined && sentinel.addrs.length > 0
          ? `is set, and so is ${address}. Set one of them: Sentinels say where the master is.`
          : undefined,
    },
    {
      needs: [names.tlsCaPath, names.tls],
      problem: ({ redis: { tls, tlsCaPath } }) =>
        tlsCaPath !== undefined && !tls ? `has no effect without ${names.tls}=true` : undefined,
    },
  ];
}

export function redisOperationTimeout(service: string, fallback: string) {
  return defaulted(`${service}_REDIS_OPERATION_TIMEOUT`, fallback, positiveDuration, {
    help: 'Bound on connecting and on one command.',
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

/** For a process that needs no other Redis when `instead` is set. */
export function redisUnless<Redis extends Pick<ReturnType<typeof redisVariables>, 'addr' | 'password'>>(
  redis: Redis,
  instead: string,
) {
  const { addr, password } = redis;
  return {
    ...redis,
    addr: unlessAlso(addr, instead),
    password: unlessAlso<string | undefined>(password, instead),
  };
}

function unlessAlso<T>(variable: Variable<T>, instead: string): Variable<T> {
  return { ...variable, unless: [...(variable.unless ?? []), instead] };
}

function madeOptional<T>(variable: Variable<T>): Variable<T | undefined> {
  const { unless: _, ...others } = variable;
  return { ...others, presence: 'optional' };
}

type HttpRedisConfig = RestConfig &
  LinkConfig & {
    readonly redis: { readonly password: string | undefined };
  };

/** For the HTTP side: Redis over REST or over a connection, and all variables of the one that is used. */
export function redisHttpChecks(service: string, addr = 'ADDR'): Check<HttpRedisConfig>[] {
  const prefix = `${service}_REDIS`;
  const url = `${prefix}_REST_URL`;
  const token = `${prefix}_REST_TOKEN`;
  return [
    ...redisChecks(service, addr),
    {
      needs: [`${prefix}_${addr}`, `${prefix}_SENTINELS`, url, token],
      problem: ({ redis: { addr, sentinel, rest } }) =>
        addr === undefined &&
        sentinel.addrs.length === 0 &&
        rest.url === undefined &&
        rest.token === undefined
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
export function redisTcpChecks(service: string, addr = 'ADDR'): Check<HttpRedisConfig>[] {
  const url = `${service}_REDIS_REST_URL`;
  return [
    ...redisChecks(service, addr),
    {
      needs: [url],
      problem: ({ redis }) =>
        redis.addr === undefined && redis.sentinel.addrs.length === 0 && redis.rest.url !== undefined
          ? `is only for the HTTP side; this process waits for entries of streams, and needs ${service}_REDIS_${addr}`
          : undefined,
    },
  ];
}
