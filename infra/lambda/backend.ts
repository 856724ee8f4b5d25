// The backend on AWS Lambda: a function with `backend.serviceHandler` for gateway and lobby, another one with
// `backend.adminHandler` for those who run the platform. Its connections stay open for the next invocation.
import { createBackendApps } from '../../handlers/backend/apps.ts';
import { startBackendHttp } from '../../lib/backend/process/start.ts';
import { callerChecks } from '../../lib/serverless/caller-checks.ts';
import { handleEvents } from './handle-events.ts';

const { config, context, streams, outbox, log } = await startBackendHttp(process.env, {
  migrates: false,
  checks: callerChecks({
    BACKEND_HTTP_CALLERS: ({ http }) => http.callers,
    BACKEND_ADMIN_HTTP_CALLERS: ({ adminHttp }) => adminHttp.callers,
  }),
});
// Sending would be cut off when the process is frozen, so it is left to the mail worker.
const mails = { ...context.mails, sendSoon() {} };
const apps = createBackendApps(config, { log, ready: () => true }, { ...context, mails }, streams);
const settled = () => outbox.settled();

export const serviceHandler = handleEvents(apps.service, settled);
export const adminHandler = handleEvents(apps.admin, settled);
