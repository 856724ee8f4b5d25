// The floors of lobby.list, lobby.get and lobby.approve: the very statements that the lobby sends, recorded from its
// code once, then sent straight on the driver with other ids each time.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { UserActor } from '../../../lib/http/env.ts';
import { approveApplication } from '../../../lib/lobby/operations/approve-application.ts';
import { submitApplication } from '../../../lib/lobby/operations/submit-application.ts';
import { listGames } from '../../../lib/lobby/store/game-lists.ts';
import { findGame } from '../../../lib/lobby/store/games.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { statementsOf } from '../../support/stores/statements.ts';
import { benchLobby } from '../bench-lobby.ts';
import { gameIdOf } from '../lobby-database.ts';
import { serveCalls } from '../peer.ts';
import { type Ids, type Step, send, sendAll, stepsOf } from '../recorded-statements.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

const pageSize = 50;
let pool: pg.Pool | undefined;
let games = 0;
let turn = 0;

function database(): pg.Pool {
  if (pool === undefined) throw new Error('connect first');
  return pool;
}

type Recording = { steps: readonly Step[]; repeat: (steps: readonly Step[], turn: number) => Promise<void> };

const reader: UserActor = { kind: 'user', userId: randomUUID() };

async function recordList(): Promise<Recording> {
  const { db } = benchLobby(database());
  const list = { actor: reader, order: 'newest', filters: {}, now: new Date() } as const;
  const statements = await statementsOf(() => listGames(db, list, { size: pageSize, after: undefined }));
  return {
    steps: stepsOf(statements, []),
    repeat: async (steps) => {
      const { rowCount } = await send(database(), only(steps), []);
      if (rowCount !== pageSize + 1) throw new Error(`a page has ${rowCount} games`);
    },
  };
}

async function recordGet(): Promise<Recording> {
  const { db } = benchLobby(database());
  const gameId = gameIdOf(1);
  return {
    steps: stepsOf(await statementsOf(() => findGame(db, reader, gameId)), [gameId]),
    repeat: async (steps, count) => {
      const { rowCount } = await send(database(), only(steps), [gameIdOf(1 + ((count * 7919) % games))]);
      if (rowCount !== 1) throw new Error('the game was not found');
    },
  };
}

function only([step, ...others]: readonly Step[]): Step {
  if (step === undefined || others.length > 0) throw new Error('it is no longer read by one statement');
  return step;
}

/** What a turn of approve needs: the ids and names of an applicant and everything that comes of them. */
function idsOf(count: number, newIds: Ids): Ids {
  const name = `Lyra ${count}`;
  const { folded, skeleton } = nameKeys(name);
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
  return {
    steps: stepsOf(statements, idsOf(0, recorded)),
    repeat: (steps, count) => {
      const newIds = Array.from({ length: recorded.length }, () => randomUUID());
      return sendAll(database(), steps, idsOf(count, newIds));
    },
  };
}

const operations = { list: recordList, get: recordGet, approve: recordApprove };
export type Operation = keyof typeof operations;

let recording: Recording | undefined;

const calls = {
  /** Records an operation. @returns how many statements it is, and how many of them the lobby prepares. */
  async connect(
    dsn: string,
    connections: number,
    gamesInDatabase: number,
    operation: Operation,
  ): Promise<{ statements: number; prepared: number }> {
    pool = new pg.Pool({ connectionString: dsn, max: connections });
    games = gamesInDatabase;
    recording = await operations[operation]();
    const { steps } = recording;
    return { statements: steps.length, prepared: steps.filter(({ name }) => name).length };
  },

  /** @param prepare what the lobby prepares; otherwise every statement is parsed and planned each time. */
  run(inFlight: number, ms: number, prepare: boolean): Promise<LoopRound> {
    if (recording === undefined) throw new Error('connect first');
    const { steps, repeat } = recording;
    const sent = prepare ? steps : steps.map(({ name: _, ...step }) => step);
    return closedLoop(inFlight, ms, () => {
      turn += 1;
      return repeat(sent, turn);
    });
  },
};
export type LobbyFloorCalls = typeof calls;
serveCalls(calls);
