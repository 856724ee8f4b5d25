// What a turn worker does for a game that it has claimed, step by step, until nothing is to be done: set it up, tell its
// engine of vacancies, close its turn when it is due, play the turn.
//
// Before a game is set up and before a turn closes by its time the lobby is asked; unless it says that the game runs with
// this runtime, nothing happens. No step holds a connection to the database while the lobby or an engine is called. Each
// is decided under the game's lock, and only while the claim's ticket is there.
import { inTransaction } from '../../postgres/transaction.ts';
import { inNewTrace } from '../../telemetry/spans.ts';
import type { GameMaster } from '../context.ts';
import { checkUnplayed } from '../domain/check-state.ts';
import { EngineTrouble } from '../domain/engine-trouble.ts';
import { untoldVacancies } from '../domain/seats.ts';
import { stepDone } from '../instruments.ts';
import { engineFailing } from '../outbox/messages.ts';
import type { Standing } from '../peers/lobby.ts';
import type { Tx } from '../store/database.ts';
import { type Claim, type LockedGame, lockGame, type StoredGame, saveGame } from '../store/games.ts';
import { ordersGiven } from '../store/orders.ts';
import { markVacancyTold, markVacated, type StoredSeat, seatsOf } from '../store/seats.ts';
import type { Attending } from './attending.ts';
import { endGame } from './change-status.ts';
import { closeTurn, reasonToClose } from './close-turn.ts';
import { playTurn } from './play-turn.ts';
import { report, saveAndReport } from './report.ts';
import { setUpGame } from './set-up-game.ts';
import { settle } from './settle.ts';

/** An engine may be restarted at any time. */
const longestEnginePauseMs = 60_000;
/** When the lobby or PostgreSQL fails, it fails for all games; they do not come back all at once. */
const otherPauseMs = { least: 1_000, spread: 2_000 };
/** Failed attempts in a row, about a minute after the first, after which the owner and operators are notified. */
export const failuresUntilNotice = 7;
const engineWorks = { failures: 0, engineHealth: 'ok', engineProblem: null } as const;
/** The lobby has paused the game, or has not noted down yet that it runs, and will say so. */
const waitForLobbyMs = 2_000;

/** Never rejects; at its end the claim is gone, unless the database did not respond. */
export async function attendGame(gm: GameMaster, claim: Claim, attending: Attending): Promise<void> {
  let game: StoredGame | undefined = claim.game;
  const log = gm.log.child({ game_id: claim.game.gameId, runtime_job_id: claim.game.runtimeJobId });
  while (game !== undefined) {
    const { phase }: StoredGame = game;
    const current: Claim = { ...claim, game };
    try {
      game = await inNewTrace(`game_master.${phase}`, () => step(gm, current, attending));
      stepDone('ok');
    } catch (error) {
      const trouble = error instanceof EngineTrouble ? error : undefined;
      stepDone(trouble?.health ?? 'failed');
      log.warn(
        { error, phase, turn: current.game.playedTurn + 1 },
        'a step of a game failed; it is tried again',
      );
      game = undefined;
      await attending.database
        .run(() => noteFailure(gm, current, trouble))
        .catch((cause: unknown) =>
          log.warn({ error: cause }, 'a failed step could not be noted down; its claim ends by itself'),
        );
    }
  }
}

/** @returns the game while there is more to do for it and the claim is kept. */
async function step(gm: GameMaster, claim: Claim, attending: Attending): Promise<StoredGame | undefined> {
  const { game, token } = claim;
  const { timeoutMs, goOn, database } = attending;
  switch (game.phase) {
    case 'setting_up': {
      const standing = await attending.lobby.run(() => gm.lobby.standing(game.gameId));
      const verdict = verdictOn(game, standing);
      if (verdict !== 'goes_on' || standing === undefined) return release(gm, claim, attending, verdict);
      return setUpGame(gm, claim, standing, attending);
    }
    case 'open': {
      const untold = await database.run(async () => untoldVacancies(await seatsOf(gm.db, game.gameId)));
      if (untold.length > 0) return tellVacancies(gm, claim, untold, attending);
      return closeDueTurn(gm, claim, attending);
    }
    case 'closed': {
      const played = await playTurn(gm, game.gameId, { timeoutMs, claimToken: token, goOn, database });
      if (played.kind === 'played') return played.claimed;
      return release(gm, claim, attending, 'goes_on');
    }
    case 'over':
      return release(gm, claim, attending, 'goes_on');
  }
}

type Verdict = 'goes_on' | 'waits' | { readonly ended: 'finished' | 'cancelled' };

/** What the lobby's word means for a game. One that another runtime plays has ended here. */
function verdictOn(game: StoredGame, standing: Standing | undefined): Verdict {
  // Games are never deleted: a lobby without this route is of an earlier version, and will be upgraded.
  if (standing === undefined) throw new Error('the lobby does not say how the game stands');
  if (standing.runtimeJobId !== game.runtimeJobId) return { ended: 'cancelled' };
  switch (standing.status) {
    case 'running':
      return 'goes_on';
    case 'starting':
    case 'paused':
      return game.phase === 'setting_up' ? 'goes_on' : 'waits';
    case 'finished':
      return { ended: 'finished' };
    default:
      return { ended: 'cancelled' };
  }
}

async function closeDueTurn(
  gm: GameMaster,
  claim: Claim,
  attending: Attending,
): Promise<StoredGame | undefined> {
  const standing = await attending.lobby.run(() => gm.lobby.standing(claim.game.gameId));
  const verdict = verdictOn(claim.game, standing);
  if (verdict !== 'goes_on' || standing === undefined) return release(gm, claim, attending, verdict);
  let closed = false;
  const next = await inClaim(gm, claim, attending, async (tx, { game, now }) => {
    const seats = await markAbsent(tx, game.gameId, await seatsOf(tx, game.gameId), { standing, now });
    const given = await ordersGiven(tx, game.gameId);
    const reason = reasonToClose({ game, now }, seats, given);
    if (reason === undefined) return settleAndSave(tx, gm, { game, now }, seats, attending);
    closed = true;
    const kept = attending.goOn();
    const saved: StoredGame = {
      ...(await closeTurn(tx, { game, now }, { seats, given, reason })),
      failures: 0,
      nextAttemptAt: now,
      ...(kept ? {} : { claimedBy: null, claimToken: null }),
    };
    await saveGame(tx, saved);
    return kept ? saved : undefined;
  });
  // Of a turn that has closed nothing is told before it is played.
  if (!closed) gm.outbox.publishSoon([claim.game.gameId]);
  return next;
}

/** Seats whose holders are no members any more, in case that the message about them is still on its way. */
async function markAbsent(
  tx: Tx,
  gameId: string,
  seats: readonly StoredSeat[],
  { standing, now }: { readonly standing: Standing; readonly now: Date },
): Promise<readonly StoredSeat[]> {
  const active = new Set(standing.seats.map(({ seat }) => seat));
  const gone = seats.filter(
    ({ seat, userId, vacatedAt }) => userId !== null && vacatedAt === null && !active.has(seat),
  );
  if (gone.length === 0) return seats;
  await markVacated(
    tx,
    gameId,
    gone.map(({ seat }) => seat),
    now,
  );
  return seatsOf(tx, gameId);
}

/** Of an open turn, which stays open meanwhile, since the game is claimed. Whom it waits for may change. */
async function tellVacancies(
  gm: GameMaster,
  claim: Claim,
  untold: readonly number[],
  attending: Attending,
): Promise<StoredGame | undefined> {
  const { gameId, engineEndpoint, playedTurn } = claim.game;
  const engine = gm.openEngine(engineEndpoint);
  const seats = await attending.database.run(() => seatsOf(gm.db, gameId));
  const known = { gameId, playedTurn, seats: seats.map(({ seat }) => seat) };
  let { awaiting } = claim.game;
  for (const seat of untold) {
    const state = await engine.vacate(seat, { timeoutMs: attending.timeoutMs });
    checkUnplayed(state, known);
    awaiting = state.awaiting;
  }
  const told = await inClaim(gm, claim, attending, async (tx, { game, now }) => {
    await markVacancyTold(tx, gameId, untold);
    const {
      game: settled,
      seats,
      goesOn,
    } = await settle(
      tx,
      gm,
      { game: { ...game, awaiting, ...engineWorks }, now },
      { seats: await seatsOf(tx, gameId), mayGoOn: attending.goOn() },
    );
    const given = await ordersGiven(tx, gameId);
    const saved = await saveAndReport(tx, gm, { game: settled, now }, { seats, given });
    return goesOn ? saved : undefined;
  });
  gm.outbox.publishSoon([gameId]);
  return told;
}

/** Ends the claim, or goes on if there is something to do by now. */
async function release(
  gm: GameMaster,
  claim: Claim,
  attending: Attending,
  verdict: Verdict,
): Promise<StoredGame | undefined> {
  const next = await inClaim(gm, claim, attending, async (tx, { game, now }) => {
    if (typeof verdict === 'object') {
      await endGame(tx, { ...game, status: verdict.ended });
      return undefined;
    }
    // Of a pause whose message has come there is nothing to wait for: the end of it has a message, too.
    if (verdict === 'goes_on' || game.status === 'paused')
      return settleAndSave(tx, gm, { game, now }, await seatsOf(tx, game.gameId), attending);
    const nextAttemptAt = new Date(now.getTime() + waitForLobbyMs);
    await saveGame(tx, { ...game, nextAttemptAt, claimedBy: null, claimToken: null });
    return undefined;
  });
  gm.outbox.publishSoon([claim.game.gameId]);
  return next;
}

async function settleAndSave(
  tx: Tx,
  gm: GameMaster,
  { game, now }: LockedGame,
  seats: readonly StoredSeat[],
  { goOn }: Attending,
): Promise<StoredGame | undefined> {
  const settled = await settle(tx, gm, { game: { ...game, failures: 0 }, now }, { seats, mayGoOn: goOn() });
  await saveGame(tx, settled.game);
  return settled.goesOn ? settled.game : undefined;
}

/** Decides under the game's lock, while the ticket is there. The caller publishes what was written after the commit. */
function inClaim(
  gm: GameMaster,
  { game: { gameId }, token }: Claim,
  { database }: Pick<Attending, 'database'>,
  decide: (tx: Tx, locked: LockedGame) => Promise<StoredGame | undefined>,
): Promise<StoredGame | undefined> {
  return database.run(() =>
    inTransaction(gm.db, async (tx) => {
      const locked = await lockGame(tx, gameId);
      return locked?.game.claimToken === token ? decide(tx, locked) : undefined;
    }),
  );
}

/**
 * Has the step tried again after a pause. A trouble of the engine is reported when it is a new one, and its owner is
 * notified when it lasts; games that an engine of another version plays wait for an admin.
 * @param trouble undefined when it was not the engine that failed.
 */
async function noteFailure(gm: GameMaster, claim: Claim, trouble: EngineTrouble | undefined): Promise<void> {
  await inClaim(gm, claim, { database: { run: (work) => work() } }, async (tx, { game, now }) => {
    // Only the engine's own trouble puts a game among those that may hold places for long.
    const failures = trouble === undefined ? game.failures : game.failures + 1;
    const health = trouble?.health ?? game.engineHealth;
    const pauseMs =
      trouble === undefined
        ? otherPauseMs.least + Math.random() * otherPauseMs.spread
        : Math.min(1_000 * 2 ** Math.min(failures - 1, 20), longestEnginePauseMs);
    const failed: StoredGame = {
      ...game,
      failures,
      engineHealth: health,
      engineProblem: trouble?.message ?? game.engineProblem,
      nextAttemptAt: trouble?.health === 'unsupported' ? null : new Date(now.getTime() + pauseMs),
      claimedBy: null,
      claimToken: null,
    };
    if (health === game.engineHealth) await saveGame(tx, failed);
    else await report(tx, gm, { game: failed, now });
    const lasts = failures === failuresUntilNotice || health === 'unsupported';
    if (trouble !== undefined && lasts) {
      gm.log.error(
        { game_id: game.gameId, engine_health: health, problem: trouble.message, failures },
        'the engine of a game keeps failing; its players wait',
      );
      await gm.outbox.write(tx, engineFailing(failed, { at: now, traceparent: undefined }));
    }
    return undefined;
  });
  gm.outbox.publishSoon([claim.game.gameId]);
}
