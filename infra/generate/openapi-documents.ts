// The OpenAPI documents of the services, made from the same zod schemas that validate requests.
import { createBackendAdminApp } from '../../handlers/backend/admin-router.ts';
import { describeAdminApi, describeServiceApi } from '../../handlers/backend/openapi.ts';
import { createBackendServiceApp } from '../../handlers/backend/service-router.ts';
import { createGameMasterInternalApp } from '../../handlers/game-master/internal-router.ts';
import { describeInternalApi as describeGameMaster } from '../../handlers/game-master/openapi.ts';
import { createGameMasterPublicApp } from '../../handlers/game-master/public-router.ts';
import { createLobbyInternalApp } from '../../handlers/lobby/internal-router.ts';
import { describeInternalApi, describePublicApi } from '../../handlers/lobby/openapi.ts';
import { createLobbyPublicApp } from '../../handlers/lobby/public-router.ts';
import type { BackendContext } from '../../lib/backend/context.ts';
import type { GameMaster } from '../../lib/game-master/context.ts';
import type { HttpApp, HttpAppOptions } from '../../lib/http/app.ts';
import type { OpenApiDocument } from '../../lib/http/openapi.ts';
import type { Lobby } from '../../lib/lobby/context.ts';
import type { StreamAdmin } from '../../lib/streams/admin.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { type ApiDocument, type Operations, readOperations } from './operations.ts';

const options: HttpAppOptions = {
  log: createLogger({ service: 'generate', level: 'silent' }),
  ready: () => true,
  bodyLimitBytes: 1,
};

/** Only the descriptions of the routes are read here; no handler runs. */
const describedOnly = {};

/** What the lobby's and the Game Master's listeners respond, by which tests check every response. */
export const describedApis = {
  lobbyPublic: () => documentOf(createLobbyPublicApp(options, describedOnly as Lobby)),
  lobbyInternal: () => documentOf(lobbyInternal()),
  gameMaster: () => documentOf(createGameMasterPublicApp(options, describedOnly as GameMaster)),
};

export function backendOperations(): Operations {
  return readOperations(documentOf(backendService()));
}

export function backendAdminOperations(): Operations {
  return readOperations(documentOf(backendAdmin()));
}

export function lobbyOperations(): Operations {
  return readOperations(describedApis.lobbyPublic());
}

export function lobbyInternalOperations(): Operations {
  return readOperations(describedApis.lobbyInternal());
}

export function gameMasterOperations(): Operations {
  return readOperations(describedApis.gameMaster());
}

export function gameMasterInternalOperations(): Operations {
  return readOperations(documentOf(gameMasterInternal()));
}

export function backendServiceDocument(): OpenApiDocument {
  return describeServiceApi(backendService());
}

export function backendAdminDocument(): OpenApiDocument {
  return describeAdminApi(backendAdmin());
}

function backendService(): HttpApp {
  return createBackendServiceApp(options, describedOnly as BackendContext, undefined);
}

function backendAdmin(): HttpApp {
  return createBackendAdminApp(options, describedOnly as BackendContext, describedOnly as StreamAdmin);
}

export function lobbyPublicDocument(): OpenApiDocument {
  return describePublicApi(createLobbyPublicApp(options, describedOnly as Lobby));
}

export function lobbyInternalDocument(): OpenApiDocument {
  return describeInternalApi(lobbyInternal());
}

export function gameMasterInternalDocument(): OpenApiDocument {
  return describeGameMaster(gameMasterInternal());
}

function lobbyInternal(): HttpApp {
  return createLobbyInternalApp(options, describedOnly as Lobby);
}

function gameMasterInternal(): HttpApp {
  return createGameMasterInternalApp(options, describedOnly as GameMaster);
}

function documentOf(app: HttpApp): ApiDocument {
  const info = { title: 'Galaxy', version: '1' };
  return app.getOpenAPI31Document({ openapi: '3.1.0', info }) as unknown as ApiDocument;
}
