// Two rules are written twice, as code that decides and as SQL that finds: when enrollment is to end, and whether a game
// has free places. Here both are asked about the same games.
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { capacity, dueClosing, gapAfterMembershipChange } from '../../../lib/lobby/domain/enrollment.ts';
import { gameStatuses, gameTypes } from '../../../lib/lobby/domain/game.ts';
import { partitionOf } from '../../../lib/lobby/domain/list-partitions.ts';
import { listGames } from '../../../lib/lobby/store/game-lists.ts';
import { claimDueGames, insertGame, type StoredGame } from '../../../lib/lobby/store/games.ts';
import type { PagePosition } from '../../../lib/lobby/store/pages.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const now = new Date('2031-05-01T12:00:00.000Z');
const hourMs = 3_600_000;
const minutesFromNow = fc
  .integer({ min: -600, max: 600 })
  .map((minutes) => new Date(+now + minutes * 60_000));

const anyGame: fc.Arbitrary<StoredGame> = fc
  .record({
    status: fc.oneof(
      { weight: 4, arbitrary: fc.constant('enrollment_open' as const) },
      fc.constantFrom(...gameStatuses),
    ),
    minPlayers: fc.integer({ min: 1, max: 4 }),
    extraPlayers: fc.integer({ min: 0, max: 2 }),
    startGapHours: fc.integer({ min: 0, max: 10 }),
    startGapPlayers: fc.integer({ min: 0, max: 2 }),
    enrollmentEndsAt: minutesFromNow,
    filledAt: minutesFromNow.filter((time) => time <= now),
    members: fc.integer({ min: 0, max: 8 }),
    gameType: fc.constantFrom(...gameTypes),
    everOpened: fc.boolean(),
  })
  .map(({ extraPlayers, filledAt, members, everOpened, ...game }) => {
    const maxPlayers = game.minPlayers + extraPlayers;
    const activeMembers = Math.min(members, maxPlayers + game.startGapPlayers);
    const full = { maxPlayers, startGapPlayers: game.startGapPlayers, gapOpenedAt: null };
    return {
      ...empty(),
      ...game,
      maxPlayers,
      activeMembers,
      gapOpenedAt: gapAfterMembershipChange(full, activeMembers, filledAt),
      openedAt: game.status === 'draft' || (game.status === 'cancelled' && !everOpened) ? null : now,
    };
  });

function empty() {
  return {
    gameId: uuidv7(),
    ownerUserId: uuidv7(),
    gameName: 'Orion Arm',
    description: '',
    turnSchedule: '0 20 * * *',
    timeZone: 'UTC',
    turnSeconds: null,
    minTurnSeconds: null,
    quietDays: [],
    graceSeconds: 0,
    early: 'off' as const,
    autoApprove: false,
    spectators: false,
    options: {},
    engineFamily: 'test-game',
    targetEngineVersion: '1.0.0',
    currentTurn: null,
    runtimeStatus: null,
    engineHealth: null,
    snapshotAt: null,
    reportSeq: null,
    dueAt: null,
    closesAt: null,
    awaitedSeats: null,
    readySeats: null,
    result: null,
    runtimeJobId: null,
    containerId: null,
    engineEndpoint: null,
    boundAt: null,
    registeredAt: null,
    startExpiresAt: null,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    finishedAt: null,
    revision: 1,
  };
}

const idsOf = (games: readonly StoredGame[]) => games.map(({ gameId }) => gameId).toSorted();
const admin = { kind: 'admin', adminId: undefined } as const;

test('what is due, where lists look for a game, and what has free places is the same by code and by SQL', async () => {
  const games = fc.sample(anyGame, 1_000);
  await lobby.db.transaction(async (tx) => {
    for (const game of games) await insertGame(tx, game);
  });

  const due = games.filter((game) => dueClosing(game, game.activeMembers, now) !== undefined);
  const claimed = await lobby.db.transaction((tx) => claimDueGames(tx, now, 2_000));
  expect(idsOf(claimed)).toEqual(idsOf(due));
  // Otherwise the sample says nothing.
  expect(due.length).toBeGreaterThan(50);
  expect(due.some((game) => game.gapOpenedAt && +now - +game.gapOpenedAt < game.startGapHours * hourMs)).toBe(
    true,
  );

  const { rows } = await lobby.pool.query<{ id: string; shelf: string }>(
    'select game_id as id, shelf from lobby.games',
  );
  const partitions = games.map((game) => ({ id: game.gameId, shelf: partitionOf(game, game.activeMembers) }));
  expect(new Map(rows.map(({ id, shelf }) => [id, shelf]))).toEqual(
    new Map(partitions.map(({ id, shelf }) => [id, shelf])),
  );

  const free = games.filter(
    (game) => game.status === 'enrollment_open' && game.activeMembers < capacity(game),
  );
  const listed = await listAll(true);
  expect(idsOf(listed)).toEqual(idsOf(free));
  expect(listed.length + (await listAll(false)).length).toBe(games.length);
});

async function listAll(hasFreePlaces: boolean): Promise<StoredGame[]> {
  const list = { actor: admin, order: 'newest', filters: { hasFreePlaces }, now: new Date(0) } as const;
  const listed: StoredGame[] = [];
  for (let after: PagePosition | undefined; ; ) {
    const page = await listGames(lobby.db, list, { size: 200, after });
    listed.push(...page.items);
    if (page.next === undefined) return listed;
    after = page.next;
  }
}
