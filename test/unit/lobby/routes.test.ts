// The three lists of what can be done in the lobby, held together: the routes for users, the same for admins, and the
// message types by which clients of the gateway reach the former.
import { describe, expect, test } from 'vitest';
import { lobbyInternalOperations, lobbyOperations } from '../../../infra/generate/openapi-documents.ts';
import { routes } from '../../../lib/gateway/domain/routes.ts';

const publicPrefix = ' /api/v1/lobby/';
const adminPrefix = ' /api/v1/internal/lobby/';

/** What only a person can do, and only for themselves. */
const forOneselfOnly = [
  'POST /games/{game_id}/applications',
  'POST /applications/{application_id}/withdraw',
  'POST /invites/{invite_id}/redeem',
  'POST /invites/{invite_id}/decline',
  'POST /invite-codes/{code}/redeem',
  'POST /games/{game_id}/leave',
  'POST /race-names/register',
  'GET /my/games',
  'GET /my/applications',
  'GET /my/invites',
  'GET /my/race-names',
];

/** What only an admin does. */
const forAdminsOnly = [
  'POST /games/{game_id}/correct',
  'GET /users/{user_id}/games',
  'GET /game-search',
  'GET /game-counts',
  'GET /users/{user_id}/removal-preview',
  'GET /race-name-lookup',
  'GET /users/{user_id}/race-names',
  'POST /race-names/{race_name_id}/release',
  'POST /race-names/{race_name_id}/rename',
  'GET /withheld-race-names',
  'POST /withheld-race-names',
  'POST /withheld-race-names/{withheld_name_id}/release',
];

/** Operations under a prefix, without it. */
function under(prefix: string, operations: Iterable<string>): string[] {
  return [...operations]
    .filter((operation) => operation.includes(prefix))
    .map((operation) => operation.replace(prefix, ' /'))
    .toSorted();
}

const forUsers = under(publicPrefix, lobbyOperations().keys());
const forAdmins = under(adminPrefix, lobbyInternalOperations().keys());
const toLobby = Object.entries(routes).filter(([, route]) => route.upstream === 'lobby');
const messageTypes = under(
  publicPrefix,
  toLobby.map(([, { method, path }]) => `${method} ${path}`),
);

describe('the routes of the lobby', () => {
  test('are for users under one path, without exception', () => {
    expect(forUsers).toHaveLength(lobbyOperations().size);
    expect(forUsers.length).toBeGreaterThan(30);
  });

  test('are for admins, too, but for what only a person can do for themselves', () => {
    const mirrored = forUsers.filter((operation) => !forOneselfOnly.includes(operation));
    expect(forAdmins).toEqual([...mirrored, ...forAdminsOnly].toSorted());
  });

  test('that only a person can do for themselves are there for users', () => {
    expect(forOneselfOnly.filter((operation) => !forUsers.includes(operation))).toEqual([]);
  });

  test('have one message type each, and every message type has one of them', () => {
    expect(messageTypes).toEqual(forUsers);
  });

  test('take and answer the same on both listeners', () => {
    const [publicOperations, internalOperations] = [lobbyOperations(), lobbyInternalOperations()];
    for (const operation of forAdmins.filter((one) => !forAdminsOnly.includes(one))) {
      const mirrored = internalOperations.get(operation.replace(' /', adminPrefix));
      expect(mirrored, operation).toEqual(publicOperations.get(operation.replace(' /', publicPrefix)));
    }
  });
});

test('the Game Master reads games and their members, and changes nothing', () => {
  const own = [...lobbyInternalOperations().keys()].filter((operation) =>
    operation.includes(' /api/v1/internal/games'),
  );
  expect(own).toEqual([
    'GET /api/v1/internal/games',
    'GET /api/v1/internal/games/{game_id}',
    'GET /api/v1/internal/games/{game_id}/memberships',
    'GET /api/v1/internal/games/{game_id}/standing',
    'GET /api/v1/internal/games/{game_id}/access',
  ]);
});

test('operators look after streams on the internal listener alone', () => {
  const rest = [...lobbyInternalOperations().keys()].filter(
    (operation) => !/ \/api\/v1\/internal\/(lobby|games)/.test(operation),
  );
  expect(rest).toEqual([
    'GET /api/v1/internal/streams',
    'GET /api/v1/internal/outbox',
    'GET /api/v1/internal/parked-keys',
    'GET /api/v1/internal/dead-letters',
    'POST /api/v1/internal/dead-letters/{dead_letter_id}/retry',
    'POST /api/v1/internal/dead-letters/{dead_letter_id}/discard',
    'GET /api/v1/internal/audit-entries',
  ]);
});

test('a message type reads area, noun, verb', () => {
  for (const [messageType] of toLobby) expect(messageType).toMatch(/^lobby\.[a-z_]+\.[a-z_]+$/);
});
