import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { readOperations } from '../../../infra/generate/operations.ts';
import { makeDraft } from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { createResponseCheck } from '../../support/lobby/response-check.ts';
import { callerWith } from '../../support/service-callers.ts';

const { lobbyPublic, lobbyInternal } = inject('apis');
let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

type Document = {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; summary: string }>>;
};

const published: Document = JSON.parse(
  readFileSync(new URL('../../../proto/openapi/lobby-public.json', import.meta.url), 'utf8'),
);
const internal = async () => {
  const response = await lobby.internalApp.request('/openapi.json');
  expect(response.status).toBe(200);
  return (await response.json()) as Document;
};

/** The operations that an app has routes for, as `METHOD /path/{parameter}`. */
function mounted(app: TestLobby['publicApp'], prefix: string): string[] {
  const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith(prefix));
  const names = routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  return [...new Set(names)].toSorted();
}

function described({ paths }: Document): string[] {
  const names = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return names.toSorted();
}

describe('the description of the lobby', () => {
  test('has every route of the public listener, and is published', () => {
    expect(published.openapi).toBe('3.1.0');
    expect(described(published)).toEqual(mounted(lobby.publicApp, '/api/'));
    expect(described(published)).toContain('GET /api/v1/lobby/games/{game_id}');
  });

  test('has every route of the internal listener, and is served there', async () => {
    const document = await internal();
    expect(document.openapi).toBe('3.1.0');
    expect(described(document)).toEqual(mounted(lobby.internalApp, '/api/'));
    expect(described(document)).toContain('GET /api/v1/internal/games/{game_id}/memberships');
  });

  test('is valid OpenAPI 3.1, on both listeners', async () => {
    const validate = async (document: object) => {
      const validator = new Validator();
      const { valid, errors } = await validator.validate({ ...document });
      return { valid, errors, version: validator.version };
    };
    for (const document of [published, await internal()]) {
      expect(await validate(document)).toEqual({ valid: true, errors: undefined, version: '3.1' });
      const [path = '', methods] = Object.entries(document.paths)[0] ?? [];
      const misplaced = { ...document, paths: { [path.slice(1)]: methods } };
      expect(await validate(misplaced)).toMatchObject({ valid: false });
    }
  });

  test('has schemas that can be read as such', () => {
    for (const [name, { parameters, body, result, refusal }] of [
      ...readOperations(lobbyPublic),
      ...readOperations(lobbyInternal),
    ]) {
      for (const schema of [...parameters.map(({ schema }) => schema), body ?? {}, result, refusal]) {
        expect(() => z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema), name).not.toThrow();
      }
    }
  });

  test('is not served on the public listener', async () => {
    expect((await lobby.publicApp.request('/openapi.json')).status).toBe(404);
  });

  test('gives every operation a name of its own and a summary', async () => {
    for (const { paths } of [published, await internal()]) {
      const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
      expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
      expect(operations.filter(({ summary }) => !summary)).toEqual([]);
    }
  });

  test('says for every operation what it answers with, and how it refuses', () => {
    for (const [name, { status, result, refusal, errors }] of readOperations(lobbyPublic)) {
      expect([200, 201], name).toContain(status);
      expect(result, name).toMatchObject({ type: 'object', required: expect.any(Array) });
      expect(refusal, name).toMatchObject({ required: ['error'] });
      expect(errors, name).toContain('invalid_request');
    }
  });

  test('is wanted with the listener’s token, where there is one', async () => {
    const { createLobbyInternalApp } = await import('../../../handlers/lobby/internal-router.ts');
    const { createLogger } = await import('../../../lib/telemetry/logger.ts');
    const log = createLogger({ service: 'test', level: 'silent' });
    const app = createLobbyInternalApp(
      { log, ready: () => true, bodyLimitBytes: 1, callers: callerWith('secret') },
      lobby,
    );
    expect((await app.request('/openapi.json')).status).toBe(401);
    const headers = { authorization: 'Bearer secret' };
    expect((await app.request('/openapi.json', { headers })).status).toBe(200);
  });
});

describe('the check that every answer of these tests goes through', () => {
  const check = createResponseCheck([lobbyPublic, lobbyInternal]);
  const path = '/api/v1/lobby/games/0197a000-0000-7000-8000-000000000000';
  const refusalOf = (code: string) => ({ error: { code, message: 'No.' } });

  test('accepts a real answer, and no other', async () => {
    const player = lobby.player();
    const { body } = await player.get(`/games/${await makeDraft(player)}`);
    const game = body as Record<string, unknown>;
    const { revision, ...lacking } = game;
    expect(revision).toBe(1);
    check('GET', path, 200, game);
    for (const wrong of [
      {},
      lacking,
      { ...game, secret: 1 },
      { ...game, status: 'lost' },
      { ...game, min_players: '2' },
      { ...game, created_at: 'yesterday' },
      { ...game, owner_user_id: 'bob' },
    ]) {
      expect(() => check('GET', path, 200, wrong)).toThrow('GET /api/v1/lobby/games/{game_id} answered 200');
    }
  });

  test('accepts refusals with a documented code only', () => {
    check('GET', path, 404, refusalOf('not_found'));
    check('GET', path, 503, refusalOf('service_unavailable'));
    expect(() => check('GET', path, 409, refusalOf('game_full'))).toThrow('not one of its documented codes');
    expect(() => check('GET', path, 404, { error: 'not_found' })).toThrow('another body than documented');
  });

  test('takes nothing but not_found from routes that are not described', () => {
    check('GET', '/api/v1/lobby/nothing', 404, refusalOf('not_found'));
    expect(() => check('GET', '/api/v1/lobby/nothing', 200, {})).toThrow('no document knows it');
  });
});
