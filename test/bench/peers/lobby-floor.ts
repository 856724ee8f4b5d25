// The floors of lobby.list, lobby.get and lobby.approve: the very statements that the lobby sends, recorded from its
// code once, then sent straight on the driver with other ids each time.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { UserActor } from '../../../lib/http/env.ts';
import { raceNameKeys } from '../../../lib/lobby/domain/race-name/keys.ts';
import { approveApplication } from '../../../lib/lobby/operations/approve-application.ts';
import { submitApplication } from '../../../lib/lobby/operations/submit-application.ts';
import { listGames } from '../../../lib/lobby/store/game-lists.ts';
import { findGame } from '../../../lib/lobby/store/games.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { statementsOf } from '../../support/statements.ts';
import { benchLobby } from '../bench-lobby.ts';
import { gameIdOf } from '../lobby-database.ts';
import { serveCalls } from '../peer.ts';
import { type Ids, send, sendAll, stepsOf } from '../recorded-statements.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

const pageSize = 50;
let pool: pg.Pool | undefined;
let games = 0;
let turn = 0;

function database(): pg.Pool {
  if (pool === undefined) throw new Error('connect first');
  return pool;
}

type Recording = { statements: number; repeat: (turn: number) => Promise<void> };

const reader: UserActor = { kind: 'user', userId: randomUUID() };

async function recordList(): Promise<Recording> {
  const { db } = benchLobby(database());
  const list = { actor: reader, order: 'newest', filters: {} } as const;
  const statements = await statementsOf(() => listGames(db, list, { size: pageSize, after: undefined }));
  const [step, ...others] = stepsOf(statements, []);
  if (step === undefined || others.length > 0) throw new Error('a page is no longer read by one statement');
  return {
    statements: 1,
    repeat: async () => {
      const { rowCount } = await send(database(), step, []);
      if (rowCount !== pageSize + 1) throw new Error(`a page has ${rowCount} games`);
    },
  };
}

async function recordGet(): Promise<Recording> {
  const { db } = benchLobby(database());
  const gameId = gameIdOf(1);
  const [step, ...others] = stepsOf(await statementsOf(() => findGame(db, reader, gameId)), [gameId]);
  if (step === undefined || others.length > 0) throw new Error('a game is no longer read by one statement');
  return {
    statements: 1,
    repeat: async (count) => {
      const { rowCount } = await send(database(), step, [gameIdOf(1 + ((count * 7919) % games))]);
      if (rowCount !== 1) throw new Error('the game was not found');
    },
  };
}

/** What a turn of approve needs: the ids and names of an applicant and everything that comes of them. */
function idsOf(count: number, newIds: Ids): Ids {
  const name = `Lyra ${count}`;
  const { folded, skeleton } = raceNameKeys(name);
  // Not the games that the load uses.
  return [gameIdOf(2 * (games / 4 + 1 + (count % (games / 4)))), name, folded, skeleton, ...newIds];
}

async function recordApprove(): Promise<Recording> {
  const userId = randomUUID();
  const recorded: string[] = [userId];
  const lobby = benchLobby(database(), () => {
    const id = uuidv7();
    recorded.push(id);
    return id;
  });
  const [gameId = '', name = ''] = idsOf(0, []);
  const of = (actor: string) => ({ actor: { kind: 'user', userId: actor }, requestId: 'floor' }) as const;
  const statements = await statementsOf(async () => {
    const apply = await submitApplication(lobby, of(userId), gameId, name);
    const { applicationId } = await inTransaction(lobby.db, apply);
    await inTransaction(lobby.db, await approveApplication(lobby, of(gameId), applicationId));
  });
  const steps = stepsOf(statements, idsOf(0, recorded));
  return {
    statements: steps.length,
    repeat: (count) => {
      const newIds = Array.from({ length: recorded.length }, () => randomUUID());
      return sendAll(database(), steps, idsOf(count, newIds));
    },
  };
}

const operations = { list: recordList, get: recordGet, approve: recordApprove };
export type Operation = keyof typeof operations;

let repeat: (turn: number) => Promise<void> = () => Promise.reject(new Error('connect first'));

const calls = {
  /** Records an operation. @returns how many statements it is. */
  async connect(
    dsn: string,
    connections: number,
    gamesInDatabase: number,
    operation: Operation,
  ): Promise<number> {
    pool = new pg.Pool({ connectionString: dsn, max: connections });
    games = gamesInDatabase;
    const recording = await operations[operation]();
    repeat = recording.repeat;
    return recording.statements;
  },

  run: (inFlight: number, ms: number): Promise<LoopRound> =>
    closedLoop(inFlight, ms, () => {
      turn += 1;
      return repeat(turn);
    }),
};
export type LobbyFloorCalls = typeof calls;
serveCalls(calls);
