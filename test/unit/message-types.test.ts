// The lists that must agree: the gateway's routes, the services' routes, and the published table.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  backendOperations,
  gameMasterOperations,
  lobbyOperations,
} from '../../infra/generate/openapi-documents.ts';
import { routes } from '../../lib/gateway/domain/routes.ts';

const routed = new Set(Object.values(routes).map(({ method, path }) => `${method} ${path}`));

const operations = {
  backend: backendOperations(),
  lobby: lobbyOperations(),
  game: gameMasterOperations(),
};

describe('message types', () => {
  it('exist for every public route of the lobby', () => {
    expect([...lobbyOperations().keys()].filter((operation) => !routed.has(operation))).toEqual([]);
  });

  it('exist for every public route of the Game Master', () => {
    expect([...gameMasterOperations().keys()].filter((operation) => !routed.has(operation))).toEqual([]);
  });

  it('exist for every user route of the backend', () => {
    const userRoutes = [...backendOperations().keys()].filter((operation) =>
      operation.includes(' /api/v1/user/'),
    );
    expect(userRoutes.length).toBeGreaterThan(0);
    expect(userRoutes.filter((operation) => !routed.has(operation))).toEqual([]);
  });

  it('lead to routes that exist', () => {
    const served = new Set(Object.values(operations).flatMap((those) => [...those.keys()]));
    expect([...routed].filter((route) => !served.has(route))).toEqual([]);
  });

  it('go to the service that serves them', () => {
    for (const { upstream, method, path } of Object.values(routes)) {
      expect([...operations[upstream].keys()]).toContain(`${method} ${path}`);
    }
  });

  it('are all in the published table, with schemas that name their path parameters', () => {
    const table: { message_type: string; payload: { required: string[] } }[] = JSON.parse(
      readFileSync(new URL('../../proto/message-types.json', import.meta.url), 'utf8'),
    ).message_types;
    expect(table.map((entry) => entry.message_type)).toEqual(Object.keys(routes));
    for (const { message_type, payload } of table) {
      const inPath = routes[message_type as keyof typeof routes].path.match(/(?<=\{)\w+(?=\})/g) ?? [];
      expect(payload.required).toEqual(expect.arrayContaining(inPath));
    }
  });
});
