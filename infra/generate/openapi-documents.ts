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

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Schema = { [key: string]: Json };

export type Operation = {
  summary: string;
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  body: Schema | undefined;
  /** The status of success, and the schema of its body. */
  status: number;
  result: Schema;
  /** The named schema that the result, or every item of its page, has. */
  resultName: string | undefined;
  isPage: boolean;
  /** The schema of the body of every refusal, and the codes that it may have. */
  refusal: Schema;
  errors: string[];
};

/** Operations by `METHOD /path/{parameter}`, schemas with their references resolved. */
export type Operations = ReadonlyMap<string, Operation>;

const options: HttpAppOptions = {
  log: createLogger({ service: 'generate', level: 'silent' }),
  ready: () => true,
  bodyLimitBytes: 1,
};

/** Only the descriptions of the routes are read here; no handler runs. */
const describedOnly = {};

export function backendOperations(): Operations {
  return readOperations(backendService());
}

export function backendAdminOperations(): Operations {
  return readOperations(backendAdmin());
}

export function lobbyOperations(): Operations {
  return readOperations(createLobbyPublicApp(options, describedOnly as Lobby));
}

export function lobbyInternalOperations(): Operations {
  return readOperations(lobbyInternal());
}

export function gameMasterOperations(): Operations {
  return readOperations(createGameMasterPublicApp(options, describedOnly as GameMaster));
}

export function gameMasterInternalOperations(): Operations {
  return readOperations(gameMasterInternal());
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

type Document = {
  components?: { schemas?: Record<string, Schema> };
  paths?: Record<string, Record<string, RawOperation>>;
};
type RawContent = { content?: Record<string, { schema: Schema }>; description?: string };
type RawOperation = {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema; description?: string }[];
  requestBody?: RawContent;
  responses: Record<string, RawContent>;
};

function readOperations(app: HttpApp): Operations {
  const info = { title: 'Galaxy', version: '1' };
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info }) as unknown as Document;
  const schemas = document.components?.schemas ?? {};
  const operations = new Map<string, Operation>();
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const [method, raw] of Object.entries(methods)) {
      operations.set(`${method.toUpperCase()} ${path}`, readOperation(raw, schemas));
    }
  }
  return operations;
}

function readOperation(raw: RawOperation, schemas: Record<string, Schema>): Operation {
  const resolve = (schema: Schema) => inline(schema, schemas) as Schema;
  const schemaOf = (content: RawContent | undefined) => content?.content?.['application/json']?.schema;
  const [status, success] = Object.entries(raw.responses).find(([code]) => code.startsWith('2')) ?? [];
  const refusal = raw.responses.default;
  const result = schemaOf(success) ?? {};
  const items = (result.properties as { items?: { items?: Schema } } | undefined)?.items?.items;
  const body = schemaOf(raw.requestBody);
  return {
    summary: raw.summary ?? '',
    parameters: (raw.parameters ?? []).map((parameter) => ({
      name: parameter.name,
      in: parameter.in,
      required: parameter.required ?? false,
      schema: resolve({
        ...parameter.schema,
        ...(parameter.description === undefined ? {} : { description: parameter.description }),
      }),
    })),
    body: body && resolve(body),
    status: Number(status),
    result: resolve(result),
    resultName: nameOf(items ?? result),
    isPage: items !== undefined,
    refusal: resolve(schemaOf(refusal) ?? {}),
    errors: (refusal?.description ?? '').replace(/^Refused: |\.$/g, '').split(', '),
  };
}

/** Replaces references by the schemas that they refer to. */
function inline(value: Json, schemas: Record<string, Schema>): Json {
  if (Array.isArray(value)) return value.map((item) => inline(item, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const name = nameOf(value);
  if (name !== undefined) return inline(schemas[name] ?? {}, schemas);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inline(item, schemas)]));
}

/** The name of the schema that is referred to. */
function nameOf({ $ref }: Schema): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}
