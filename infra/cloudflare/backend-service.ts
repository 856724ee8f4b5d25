// The backend's service listener on workerd, for gateway and lobby. The admin one is a worker of its own.
import { lobbyUpstream } from '../../handlers/backend/lobby/pass-to-lobby.ts';
import { createBackendServiceApp } from '../../handlers/backend/service-router.ts';
import { prepareBackend } from '../../lib/backend/process/serverless.ts';
import { neonPostgres } from '../../lib/postgres/neon.ts';
import { restRedis } from '../../lib/redis/rest.ts';
import { serve } from './serve.ts';

export default serve((environment) => {
  const drivers = { postgres: { neon: neonPostgres }, redis: restRedis };
  const { config, log, open } = prepareBackend(environment, drivers);
  return async () => {
    const { context, ...opened } = await open();
    const options = { ...config.http, log, ready: () => true };
    return { ...opened, app: createBackendServiceApp(options, context, lobbyUpstream(config.lobby)) };
  };
});
