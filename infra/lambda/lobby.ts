// The lobby on AWS Lambda: a function with `lobby.publicHandler` for the gateway, another one with
// `lobby.internalHandler` for admins and the Game Master. Its connections stay open for the next invocation.
import { createLobbyApps } from '../../handlers/lobby/apps.ts';
import { startLobbyHttp } from '../../lib/lobby/process/start.ts';
import { callerChecks } from '../../lib/serverless/caller-checks.ts';
import { handleEvents } from './handle-events.ts';

const { config, log, lobby } = await startLobbyHttp(process.env, {
  migrates: false,
  checks: callerChecks({
    LOBBY_PUBLIC_HTTP_CALLERS: ({ publicHttp }) => publicHttp.callers,
    LOBBY_INTERNAL_HTTP_CALLERS: ({ internalHttp }) => internalHttp.callers,
  }),
});
const apps = createLobbyApps(config, { log, ready: () => true }, lobby);
const settled = () => lobby.outbox.settled();

export const publicHandler = handleEvents(apps.public, settled);
export const internalHandler = handleEvents(apps.internal, settled);
