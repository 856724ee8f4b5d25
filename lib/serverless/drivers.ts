// The drivers of a service on serverless runtimes: workerd and AWS Lambda. An entrypoint passes the drivers that its
// runtime can run, so that only those are bundled; the configuration chooses among them.
import type { Check } from '../config/startup.ts';
import type { OpenPostgres } from '../postgres/pool-options.ts';
import type { RedisCommands, RestOptions } from '../redis/commands.ts';
import { callerChecks } from './caller-checks.ts';

export type Drivers = {
  readonly postgres: { readonly pg?: OpenPostgres; readonly neon?: OpenPostgres };
  readonly redis: (options: RestOptions) => RedisCommands;
};

type Config = {
  readonly postgres: { readonly driver: 'pg' | 'neon' };
  readonly redis: { readonly rest: { readonly url: string | undefined; readonly token: string | undefined } };
};

/**
 * @param service prefix of its variables.
 * @param callers the variables of its listeners' callers, and how to read each from the configuration.
 */
export function serverlessChecks<C extends Config>(
  service: string,
  drivers: Drivers,
  callers: Parameters<typeof callerChecks<C>>[0],
): Check<C>[] {
  const url = `${service}_REDIS_REST_URL`;
  const token = `${service}_REDIS_REST_TOKEN`;
  const rest = ({ redis }: C) => redis.rest;
  const missing = (variable: string, why: string, value: (config: C) => string | undefined): Check<C> => ({
    needs: [variable],
    problem: (config) => (value(config) === undefined ? `is not set. ${why}` : undefined),
  });
  return [
    {
      needs: [`${service}_POSTGRES_DRIVER`],
      problem: ({ postgres: { driver } }) => {
        const known = Object.keys(drivers.postgres).join(' or ');
        return drivers.postgres[driver] === undefined
          ? `"${driver}" does not run on this runtime; set it to ${known}`
          : undefined;
      },
    },
    missing(url, 'On this runtime Redis is only reachable over REST.', (config) => rest(config).url),
    missing(token, `It is the bearer token for ${url}.`, (config) => rest(config).token),
    ...callerChecks(callers),
  ];
}
