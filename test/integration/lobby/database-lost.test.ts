import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { expect, it } from 'vitest';
import { createLobbyPublicApp } from '../../../handlers/lobby/public-router.ts';
import { freePort } from '../../../infra/local/child.ts';
import { createLobby } from '../../../lib/lobby/context.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { testCatalogue } from '../../support/engines/catalogue.ts';

it('answers 503 while PostgreSQL cannot be reached', async () => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: await freePort() });
  const log = createLogger({ service: 'test', level: 'silent' });
  const lobby = createLobby({
    database: databaseOn(pool),
    eligibility: { lookup: () => expect.unreachable('nothing is asked of the User Service') },
    now: () => new Date(),
    gameMaster: {
      probe: () => expect.unreachable('the Game Master is not asked'),
      register: () => expect.unreachable('the Game Master is not asked'),
    },
    publishers: {},
    streams: { consumers: [], states: () => expect.unreachable('nobody asks for the streams') },
    startTimeoutMs: 1,
    underfilledGraceMs: 1_209_600_000,
    minTurnIntervalMs: 1,
    catalogue: testCatalogue,
    newId: () => uuidv7(),
    log,
  });
  const app = createLobbyPublicApp({ log, ready: () => true, bodyLimitBytes: 1_024 }, lobby);
  const response = await app.request('/api/v1/lobby/games', { headers: { 'x-user-id': uuidv7() } });
  expect([response.status, await response.json()]).toEqual([
    503,
    { error: { code: 'service_unavailable', message: expect.stringContaining('try again') } },
  ]);
  await pool.end();
});
