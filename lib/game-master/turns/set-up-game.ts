// Sets a game up: its engine gets the seats and the options, and the first turn opens. An engine that has the game already
// is taken as it is, if it is not behind what the lobby knows.
import {
  type Audience,
  audienceText,
  type GameSetup,
  type GameState,
  type Manifest,
} from '../../engine/api.ts';
import { isManifestOf } from '../../engine/catalogue.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { GameMaster } from '../context.ts';
import { checkState } from '../domain/check-state.ts';
import { EngineTrouble } from '../domain/engine-trouble.ts';
import type { Engine, EngineCall } from '../peers/engine.ts';
import type { Standing } from '../peers/lobby.ts';
import { saveFinalView } from '../store/final-views.ts';
import { type Claim, lockGame, type StoredGame, saveManifest, updateGame } from '../store/games.ts';
import { insertSeats, markVacated, type StoredSeat, seatsOf } from '../store/seats.ts';
import type { Attending } from './attending.ts';
import { openNextTurn } from './open-turn.ts';
import { saveAndReport } from './report.ts';
import { settle } from './settle.ts';

/** @returns the game while the worker keeps its claim. @throws EngineTrouble */
export async function setUpGame(
  gm: GameMaster,
  { game, token }: Claim,
  standing: Standing,
  { timeoutMs, goOn, database }: Attending,
): Promise<StoredGame | undefined> {
  await database.run(() => raiseReportSeq(gm, { game, token }, standing));
  const engine = gm.openEngine(game.engineEndpoint);
  const call: EngineCall = { timeoutMs };
  const manifest = await engine.manifest(call);
  requireOffered(gm, standing, manifest);
  const seats = await database.run(() => fillSeats(gm, { game, token }, manifest));
  if (seats === undefined) return undefined;
  const playedTurn = standing.currentTurn ?? 0;
  const state = (await engine.state(call)) ?? (await setUp(engine, { game, seats, playedTurn }, call));
  checkState(state, { gameId: game.gameId, seats: seats.map(({ seat }) => seat), playedTurn });
  const views = await finalViews(engine, { state, seats, manifest }, call);

  return database.run(async () => {
    const opened = await inTransaction(gm.db, async (tx) => {
      const locked = await lockGame(tx, game.gameId);
      if (locked?.game.claimToken !== token || locked.game.phase !== 'setting_up') return undefined;
      const { now } = locked;
      const active = new Set(standing.seats.map(({ seat }) => seat));
      const gone = seats.filter(({ seat, userId }) => userId !== null && !active.has(seat));
      await markVacated(
        tx,
        game.gameId,
        gone.map(({ seat }) => seat),
        now,
      );
      for (const [audience, view] of views) {
        await saveFinalView(tx, game.gameId, audienceText(audience), view);
      }
      const next = openNextTurn(locked.game, state, now);
      const settled = await settle(
        tx,
        gm,
        { game: next, now },
        { seats: await seatsOf(tx, game.gameId), mayGoOn: goOn() },
      );
      const reported = { seats: settled.seats, given: [] };
      const saved = await saveAndReport(tx, gm, { game: settled.game, now }, reported);
      return { claimed: settled.goesOn ? saved : undefined };
    });
    if (opened !== undefined) gm.outbox.publishSoon([game.gameId]);
    return opened?.claimed;
  });
}

/** An engine that is another one than the game was made for would take its options otherwise. @throws EngineTrouble */
function requireOffered(
  { catalogue }: GameMaster,
  { engineFamily, engineVersion }: Standing,
  manifest: Manifest,
): void {
  if (engineFamily === undefined || engineVersion === undefined) return;
  const name = `${engineFamily} ${engineVersion}`;
  const offered = catalogue.find(engineFamily, engineVersion);
  if (offered === undefined) {
    throw new EngineTrouble('faulty', `the engine catalogue of the Game Master does not have ${name}`);
  }
  if (!isManifestOf(offered, manifest)) {
    throw new EngineTrouble(
      'faulty',
      `the manifest of the engine is not that of ${name} in the engine catalogue`,
    );
  }
}

/**
 * A Game Master that has lost its tables goes on with the numbers that the lobby knows, which ignores reports with earlier
 * ones: also that of a set-up that fails.
 */
async function raiseReportSeq(
  { db }: GameMaster,
  { game: { gameId, reportSeq }, token }: Claim,
  standing: Standing,
): Promise<void> {
  if (standing.reportSeq <= reportSeq) return;
  await inTransaction(db, async (tx) => {
    const locked = await lockGame(tx, gameId);
    if (locked?.game.claimToken !== token) return;
    await updateGame(tx, gameId, { reportSeq: Math.max(locked.game.reportSeq, standing.reportSeq) });
  });
}

/** Bots take seats after those of the members. Decided once, so that a repeated set-up has the same body. */
function fillSeats(
  { db }: GameMaster,
  { game, token }: Claim,
  manifest: Manifest,
): Promise<StoredSeat[] | undefined> {
  return inTransaction(db, async (tx) => {
    const locked = await lockGame(tx, game.gameId);
    if (locked?.game.claimToken !== token || locked.game.phase !== 'setting_up') return undefined;
    const known = await seatsOf(tx, game.gameId);
    if (locked.game.manifest !== null) return known;
    const { min, max } = manifest.seats;
    const wanted = locked.game.options.bots;
    const bots = typeof wanted === 'number' && Number.isInteger(wanted) ? wanted : 0;
    const count = Math.min(Math.max(bots, 0), Math.max(max - known.length, 0));
    const total = known.length + count;
    if (total < min || total > max) {
      throw new EngineTrouble(
        'faulty',
        `the game has ${total} seats, and its engine plays with ${min} to ${max}; cancel it`,
      );
    }
    const last = Math.max(0, ...known.map(({ seat }) => seat));
    const added = Array.from({ length: count }, (_, index) => ({
      seat: last + 1 + index,
      userId: null,
      label: `Bot ${index + 1}`,
    }));
    await insertSeats(tx, game.gameId, added);
    await saveManifest(tx, game.gameId, manifest);
    return seatsOf(tx, game.gameId);
  });
}

function setUp(
  engine: Engine,
  {
    game,
    seats,
    playedTurn,
  }: { readonly game: StoredGame; readonly seats: readonly StoredSeat[]; readonly playedTurn: number },
  call: EngineCall,
): Promise<GameState> {
  if (playedTurn > 0) {
    throw new EngineTrouble('state_lost', `the engine knows no game, but turn ${playedTurn} has been played`);
  }
  const setup: GameSetup = {
    game_id: game.gameId,
    seed: hexadecimal(game.seed),
    seats: seats.map(({ seat, label, userId }) => ({ seat, label, bot: userId === null })),
    options: game.options,
  };
  return engine.setUp(setup, call);
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Of a game that has finished already, as one whose tables were lost. */
async function finalViews(
  engine: Engine,
  game: { readonly state: GameState; readonly seats: readonly StoredSeat[]; readonly manifest: Manifest },
  call: EngineCall,
): Promise<[Audience, unknown][]> {
  const { state, seats, manifest } = game;
  if (state.status !== 'finished') return [];
  const audiences: Audience[] = [
    ...seats.map(({ seat }) => seat),
    ...(manifest.spectator_view ? ['spectator' as const] : []),
  ];
  const views: [Audience, unknown][] = [];
  for (const audience of audiences) views.push([audience, await engine.view(audience, state.turn, call)]);
  return views;
}
