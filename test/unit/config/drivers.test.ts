import { describe, expect, it } from 'vitest';
import { prepareBackend } from '../../../lib/backend/process/serverless.ts';
import { pushVariables } from '../../../lib/backend/push/config.ts';
import { redisClusterChecks, redisOrClusterChecks } from '../../../lib/config/redis-cluster-variables.ts';
import { redisHttpChecks, redisTcpChecks } from '../../../lib/config/redis-variables.ts';
import { readConfiguration, StartupError } from '../../../lib/config/startup.ts';
import type { Environment } from '../../../lib/config/variables.ts';
import { gatewayVariables } from '../../../lib/gateway/config.ts';
import { lobbyHttpVariables } from '../../../lib/lobby/config.ts';
import { prepareLobby } from '../../../lib/lobby/process/serverless.ts';
import { neonPostgres } from '../../../lib/postgres/neon.ts';
import { restRedis } from '../../../lib/redis/rest.ts';
import { callersText } from '../../support/service-callers.ts';

const drivers = { postgres: { neon: neonPostgres }, redis: restRedis };

/** What is wrong with each variable. */
function problems(work: () => unknown): Record<string, string> {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]));
  }
  return {};
}

const lobby = {
  LOBBY_POSTGRES_PRIMARY_DSN: 'postgres://u:dsn-secret@db.example.com/galaxy',
  LOBBY_POSTGRES_DRIVER: 'neon',
  LOBBY_REDIS_REST_URL: 'https://example-12345.upstash.io',
  LOBBY_REDIS_REST_TOKEN: 'rest-secret',
  LOBBY_USER_SERVICE_BASE_URL: 'https://users.example.com',
  LOBBY_GM_BASE_URL: 'https://gm.example.com',
  LOBBY_PUBLIC_HTTP_CALLERS: callersText('public-secret'),
  LOBBY_INTERNAL_HTTP_CALLERS: callersText('internal-secret'),
};

const backend = {
  BACKEND_POSTGRES_PRIMARY_DSN: 'postgres://u:dsn-secret@db.example.com/galaxy',
  BACKEND_POSTGRES_DRIVER: 'neon',
  BACKEND_REDIS_REST_URL: 'https://example-12345.upstash.io',
  BACKEND_REDIS_REST_TOKEN: 'rest-secret',
  BACKEND_CODE_HMAC_KEY: 'a secret of the tests, of 32 bytes or more',
  BACKEND_HTTP_CALLERS: callersText('service-secret'),
  BACKEND_ADMIN_HTTP_CALLERS: callersText('admin-secret'),
};

const services: [
  name: string,
  good: Record<string, string>,
  prepare: (environment: Environment) => unknown,
][] = [
  ['lobby', lobby, (environment) => prepareLobby(environment, drivers)],
  ['backend', backend, (environment) => prepareBackend(environment, drivers)],
];

describe.each(services)('the %s, where no process starts it,', (_, good, prepare) => {
  const named = (suffix: string) => Object.keys(good).find((name) => name.endsWith(suffix)) ?? suffix;

  it('needs nothing else, and connects nothing yet', () => {
    expect(problems(() => prepare(good))).toEqual({});
  });

  it('tells of everything that is missing at once', () => {
    const found = problems(() => prepare({}));
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(good).toSorted());
    expect(found[named('POSTGRES_DRIVER')]).toBe('"pg" does not run on this runtime; set it to neon');
    for (const name of Object.keys(good).filter((name) => !name.endsWith('DRIVER'))) {
      const isOfCallers = name.endsWith('_CALLERS');
      expect(found[name]).toMatch(isOfCallers ? /^is not set, but any client could call / : /^is not set\. /);
    }
  });

  it('tells what cannot be used, and no secret', () => {
    const found = problems(() =>
      prepare({
        ...good,
        [named('POSTGRES_DRIVER')]: 'mysql',
        [named('REST_URL')]: 'redis://:url-secret@host:6379',
        [named('REST_TOKEN')]: 'token with blanks',
      }),
    );
    expect(Object.keys(found).toSorted()).toEqual(
      [named('POSTGRES_DRIVER'), named('REST_URL'), named('REST_TOKEN')].toSorted(),
    );
    expect(found[named('POSTGRES_DRIVER')]).toContain('write pg or neon');
    expect(JSON.stringify(found)).not.toMatch(/-secret|with blanks/);
  });
});

it('the backend has no Redis Cluster where no process starts it: that needs TCP', () => {
  const environment = { ...backend, BACKEND_PUSH_REDIS_CLUSTER_ADDRS: 'one:7000, two:7000' };
  expect(problems(() => prepareBackend(environment, drivers))).toEqual({
    BACKEND_PUSH_REDIS_CLUSTER_ADDRS: 'cannot be used on this runtime: it needs TCP',
  });
});

it('the lobby keeps its race names in PostgreSQL where no process starts it', () => {
  const environment = { ...lobby, LOBBY_RACE_NAME_DIRECTORY_BACKEND: 'stub' };
  expect(problems(() => prepareLobby(environment, drivers))).toEqual({
    LOBBY_RACE_NAME_DIRECTORY_BACKEND: expect.stringContaining('"stub" stores race names in the memory'),
  });
});

describe('Redis of an HTTP side', () => {
  const others = { LOBBY_POSTGRES_PRIMARY_DSN: lobby.LOBBY_POSTGRES_PRIMARY_DSN, ...urls() };
  const found = (environment: Environment) =>
    problems(() =>
      readConfiguration({
        environment: { ...others, ...environment },
        variables: lobbyHttpVariables,
        checks: redisHttpChecks('LOBBY', 'MASTER_ADDR'),
      }),
    );
  const connection = { LOBBY_REDIS_MASTER_ADDR: '127.0.0.1:6379', LOBBY_REDIS_PASSWORD: '' };
  const rest = { LOBBY_REDIS_REST_URL: 'https://a.example.com', LOBBY_REDIS_REST_TOKEN: 'rest-secret' };

  it('is reached by a connection, over REST, or could be by both', () => {
    for (const environment of [connection, rest, { ...connection, ...rest }]) {
      expect(found(environment)).toEqual({});
    }
  });

  it('is named by Sentinels, too', () => {
    const sentinels = { LOBBY_REDIS_SENTINELS: 'one:26379, two:26379', LOBBY_REDIS_PASSWORD: '' };
    expect(found(sentinels)).toEqual({});
  });

  it.each<[environment: Environment, problems: Record<string, string>]>([
    [
      { ...connection, LOBBY_REDIS_SENTINELS: 'one:26379' },
      {
        LOBBY_REDIS_SENTINELS:
          'is set, and so is LOBBY_REDIS_MASTER_ADDR. Set one of them: Sentinels say where the master is.',
      },
    ],
    [
      { ...connection, LOBBY_REDIS_MASTER_TLS_CA_PATH: '/ca.pem' },
      {
        LOBBY_REDIS_MASTER_TLS_CA_PATH: 'has no effect without LOBBY_REDIS_MASTER_TLS_ENABLED=true',
      },
    ],
    [
      {},
      {
        LOBBY_REDIS_MASTER_ADDR:
          'is not set. Set it to host:port of Redis, or set LOBBY_REDIS_REST_URL instead.',
        LOBBY_REDIS_PASSWORD: 'is not set. For a Redis without one, set this variable to an empty value.',
      },
    ],
    [
      { LOBBY_REDIS_MASTER_ADDR: connection.LOBBY_REDIS_MASTER_ADDR },
      { LOBBY_REDIS_PASSWORD: 'is not set. For a Redis without one, set this variable to an empty value.' },
    ],
    [
      { LOBBY_REDIS_REST_URL: rest.LOBBY_REDIS_REST_URL },
      { LOBBY_REDIS_REST_TOKEN: 'is not set; LOBBY_REDIS_REST_URL needs it' },
    ],
    [
      { LOBBY_REDIS_REST_TOKEN: rest.LOBBY_REDIS_REST_TOKEN },
      { LOBBY_REDIS_REST_URL: 'is not set; LOBBY_REDIS_REST_TOKEN has no effect without it' },
    ],
  ])('is named where it is not whole: %j', (environment, expected) => {
    expect(found(environment)).toEqual(expected);
  });
});

function urls() {
  const { LOBBY_USER_SERVICE_BASE_URL, LOBBY_GM_BASE_URL } = lobby;
  return { LOBBY_USER_SERVICE_BASE_URL, LOBBY_GM_BASE_URL };
}

describe('a Redis Cluster', () => {
  const cluster = 'one:7000, two:7000';
  const gateway = (environment: Environment) => {
    const variables = { redis: gatewayVariables.redis };
    const checks = redisOrClusterChecks('GATEWAY');
    return problems(() => readConfiguration({ environment, variables, checks }));
  };
  const push = (environment: Environment) => {
    const { redis, pushRedis } = pushVariables;
    const checks = [...redisTcpChecks('BACKEND'), ...redisClusterChecks('BACKEND_PUSH_REDIS')];
    return problems(() => readConfiguration({ environment, variables: { redis, pushRedis }, checks }));
  };

  it('is all that gateway and push process need', () => {
    expect(gateway({ GATEWAY_REDIS_CLUSTER_ADDRS: cluster })).toEqual({});
    expect(push({ BACKEND_PUSH_REDIS_CLUSTER_ADDRS: cluster })).toEqual({});
    expect(Object.keys(gateway({}))).toEqual(['GATEWAY_REDIS_ADDR']);
    expect(Object.keys(push({}))).toEqual(['BACKEND_REDIS_ADDR', 'BACKEND_REDIS_PASSWORD']);
  });

  it('stands in place of an address and of Sentinels, not beside them', () => {
    for (const other of ['GATEWAY_REDIS_ADDR', 'GATEWAY_REDIS_SENTINELS']) {
      expect(gateway({ GATEWAY_REDIS_CLUSTER_ADDRS: cluster, [other]: 'redis:6379' })).toEqual({
        GATEWAY_REDIS_CLUSTER_ADDRS: `is set, and so is ${other}. Set one of them.`,
      });
    }
  });

  it('has no authority of its own without TLS', () => {
    const environment = {
      BACKEND_PUSH_REDIS_CLUSTER_ADDRS: cluster,
      BACKEND_PUSH_REDIS_TLS_CA_PATH: '/ca.pem',
    };
    expect(push(environment)).toEqual({
      BACKEND_PUSH_REDIS_TLS_CA_PATH: 'has no effect without BACKEND_PUSH_REDIS_TLS_ENABLED=true',
    });
  });
});
