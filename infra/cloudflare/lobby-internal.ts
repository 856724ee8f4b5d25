// The lobby's internal listener on workerd, for admins and the Game Master. The public one is a worker of its own.
import { createLobbyInternalApp } from '../../handlers/lobby/internal-router.ts';
import { prepareLobby } from '../../lib/lobby/process/serverless.ts';
import { neonPostgres } from '../../lib/postgres/neon.ts';
import { restRedis } from '../../lib/redis/rest.ts';
import { serve } from './serve.ts';

export default serve((environment) => {
  const drivers = { postgres: { neon: neonPostgres }, redis: restRedis };
  const { config, log, open } = prepareLobby(environment, drivers);
  return async () => {
    const { lobby, ...opened } = open();
    return {
      ...opened,
      app: createLobbyInternalApp({ ...config.internalHttp, log, ready: () => true }, lobby),
    };
  };
});
