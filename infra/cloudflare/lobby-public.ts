// The lobby's public listener on workerd, for the gateway. The internal one is a worker of its own.
import { createLobbyPublicApp } from '../../handlers/lobby/public-router.ts';
import { prepareLobby } from '../../lib/lobby/process/serverless.ts';
import { neonPostgres } from '../../lib/postgres/neon.ts';
import { restRedis } from '../../lib/redis/rest.ts';
import { serve } from './serve.ts';

export default serve((environment) => {
  const drivers = { postgres: { neon: neonPostgres }, redis: restRedis };
  const { config, log, open } = prepareLobby(environment, drivers);
  return async () => {
    const { lobby, ...opened } = open();
    return { ...opened, app: createLobbyPublicApp({ ...config.publicHttp, log, ready: () => true }, lobby) };
  };
});
