// What the OpenAPI documents say about requests, of every service: what is refused for its length or shape can be read
// there.
import { describe, expect, it } from 'vitest';
import {
  backendAdminOperations,
  backendOperations,
  gameMasterInternalOperations,
  gameMasterOperations,
  lobbyInternalOperations,
  lobbyOperations,
} from '../../infra/generate/openapi-documents.ts';
import type { Operations, Schema } from '../../infra/generate/operations.ts';

const documents: [string, Operations][] = [
  ['the backend’s service listener', backendOperations()],
  ['the backend’s admin listener', backendAdminOperations()],
  ['the lobby’s public listener', lobbyOperations()],
  ['the lobby’s internal listener', lobbyInternalOperations()],
  ['the Game Master’s public listener', gameMasterOperations()],
  ['the Game Master’s internal listener', gameMasterInternalOperations()],
];

/** The texts of a request whose length nothing bounds, by their paths. */
function unboundedTexts(name: string, schema: Schema): string[] {
  const { properties = {}, items } = schema as { properties?: Record<string, Schema>; items?: Schema };
  const isText = [schema.type].flat().includes('string');
  const isBounded = ['maxLength', 'enum', 'const', 'format', 'pattern'].some((key) => key in schema);
  return [
    // A hint that cannot be used counts as not given, whatever its length.
    ...(isText && !isBounded && !/counts as not given|^Cut to/.test(String(schema.description))
      ? [name]
      : []),
    ...Object.entries(properties).flatMap(([key, property]) => unboundedTexts(`${name}.${key}`, property)),
    ...(items === undefined ? [] : unboundedTexts(`${name}[]`, items)),
  ];
}

describe.each(documents)('the description of %s', (_, operations) => {
  const bodies = [...operations].flatMap(([name, { body }]) =>
    body === undefined ? [] : [[name, body] as const],
  );

  it.each(bodies)('bounds every text in the body of %s', (_, body) => {
    expect(unboundedTexts('body', body)).toEqual([]);
  });
});

it('what a body must have beside its fields is said, too', () => {
  const [, service] = documents[0] ?? [];
  const [, lobby] = documents[2] ?? [];
  expect(service?.get('PATCH /api/v1/user/account')?.body).toMatchObject({ minProperties: 1 });
  expect(lobby?.get('PATCH /api/v1/lobby/games/{game_id}')?.body).toMatchObject({ minProperties: 1 });
  expect(lobby?.get('POST /api/v1/lobby/games/{game_id}/invites')?.body).toMatchObject({
    oneOf: [{ required: ['user_id'] }, { required: ['max_uses', 'expires_at'] }],
  });
});
