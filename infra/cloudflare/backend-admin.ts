// The backend's admin listener on workerd, for those who run the platform. The service one is a worker of its own.
import { createBackendAdminApp } from '../../handlers/backend/admin-router.ts';
import { prepareBackend } from '../../lib/backend/process/serverless.ts';
import { neonPostgres } from '../../lib/postgres/neon.ts';
import { restRedis } from '../../lib/redis/rest.ts';
import { serve } from './serve.ts';

export default serve((environment) => {
  const drivers = { postgres: { neon: neonPostgres }, redis: restRedis };
  const { config, log, open } = prepareBackend(environment, drivers);
  return async () => {
    const { context, streams, ...opened } = await open();
    const options = { ...config.adminHttp, log, ready: () => true };
    return { ...opened, app: createBackendAdminApp(options, context, streams) };
  };
});
