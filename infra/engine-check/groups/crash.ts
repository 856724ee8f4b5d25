// kill -9 at any time, and what the data folder is for.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { engineRoutes, gameStateSchema, type TurnRequest } from '../../../lib/engine/api.ts';
import type { Engine } from '../engine.ts';
import type { Attempt, Exchange } from '../exchange.ts';
import { read, requireRefusal, requireSame } from '../expect.ts';
import { Game } from '../game.ts';
import { group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { Violation } from '../violation.ts';

/** When the engine is killed: after a part of the time that a turn takes, or as soon as its response begins. */
type Moment = number | 'response';
const moments: readonly Moment[] = [0, 'response', 0.3, 0.6, 'response', 0.9];
const setUpMoments: readonly Moment[] = [0.5, 'response'];

export const crashGroup = group('crash', async () => undefined, [
  {
    name: 'has all of a set-up or nothing after kill -9, and all of it once it has responded',
    saying: says.durable,
    async run(_, lab) {
      for (const moment of setUpMoments) await killInSetUp(lab, moment);
    },
  },
  {
    name: 'has all of a turn or nothing after kill -9, and all of it once it has responded',
    saying: says.durable,
    run: (_, lab) => killInTurns(lab),
  },
  {
    name: 'keeps its game in the data folder, and nowhere else',
    saying: says.withoutData,
    run: (_, lab) => takeDataAway(lab),
  },
  {
    name: 'does not begin again when it cannot read its data',
    saying: says.unreadable,
    run: (_, lab) => spoilData(lab),
  },
]);

async function killInSetUp(lab: Lab, moment: Moment): Promise<void> {
  const setup = lab.newSetup();
  const engine = await lab.startEngine();
  const sent: Attempt = { method: 'PUT', path: engineRoutes.game, body: JSON.stringify(setup) };
  const { responded, response } = await killedDuring(engine, sent, moment, 10);
  await startAgain(engine, 'a set-up', sent);
  const state = await engine.state();
  if (state.status === 404) {
    if (!responded) return;
    throw new Violation('It had responded to the set-up, and has no game after a restart.', [sent, state]);
  }
  const game = await Game.setUp(engine, lab.manifest, setup);
  if (response === undefined) return;
  const message = 'After a restart the state is not the response to the set-up';
  requireSame(response, { ...state, json: game.state }, message);
}

/** Every game is compared with one that nobody killed. */
async function killInTurns(lab: Lab): Promise<void> {
  let game = await lab.newGame();
  let played: { request: TurnRequest; response: Exchange }[] = [];
  const compare = async () => {
    const calm = await lab.newGame(game.setup);
    for (const { request, response } of played) {
      const message = `Turn ${request.turn}, killed in the middle, differs from the same turn of a calm game`;
      requireSame(response, await calm.play(request), message, says.allOrNothing);
    }
    await game.requireSameAs(calm, 'After kill -9 in the middle of turns');
    await calm.engine.kill();
  };
  let usualMs = 0;
  for (const moment of [undefined, ...moments]) {
    if (game.finished) {
      await compare();
      await game.engine.kill();
      [game, played] = [await lab.newGame(), []];
    }
    const request = await game.ordered(lab.maker);
    const startedAt = performance.now();
    const response =
      moment === undefined ? await game.play(request) : await killInTurn(game, request, moment, usualMs);
    if (moment === undefined) usualMs = performance.now() - startedAt;
    played.push({ request, response });
  }
  await compare();
}

/** @returns the response to the turn, from before the end or after it. */
async function killInTurn(
  game: Game,
  request: TurnRequest,
  moment: Moment,
  usualMs: number,
): Promise<Exchange> {
  const { engine, state: before } = game;
  const sent: Attempt = { method: 'POST', path: engineRoutes.turns, body: JSON.stringify(request) };
  const { responded, response } = await killedDuring(engine, sent, moment, usualMs);
  await startAgain(engine, `turn ${request.turn}`, sent);
  const state = await engine.state();
  if (state.status === 404) {
    throw new Violation(`After kill -9 in the middle of turn ${request.turn} the game is lost.`, [
      sent,
      state,
    ]);
  }
  const { turn } = read(gameStateSchema, state);
  if (responded && turn < request.turn) {
    const message = `It had responded to turn ${request.turn}, and is at turn ${turn} after a restart.`;
    throw new Violation(message, [{ ...sent, ...response }, state]);
  }
  if (turn !== before.turn && turn !== request.turn) {
    const message = `After kill -9 in the middle of turn ${request.turn} it is at turn ${turn}.`;
    throw new Violation(message, [sent, state], says.allOrNothing);
  }
  const again = await game.play(request);
  if (response !== undefined) {
    requireSame(response, again, 'After a restart a repeated turn got another response', says.repeated);
  }
  return again;
}

/**
 * Sends a request and kills the engine.
 * @param usualMs how long such a request takes.
 * @returns whether a `200` had come, and the whole response if it had come, too.
 */
async function killedDuring(
  engine: Engine,
  sent: Attempt,
  moment: Moment,
  usualMs: number,
): Promise<{ responded: boolean; response: Exchange | undefined }> {
  let killed: Promise<void> | undefined;
  let responded = false;
  const kill = () => {
    killed ??= engine.kill();
  };
  const exchange = engine
    .askRaw(sent, () => {
      responded = true;
      if (moment === 'response') kill();
    })
    .catch((error: unknown) => {
      // It was killed before it could respond.
      if (error instanceof Violation) return undefined;
      throw error;
    });
  if (moment === 'response') await exchange;
  else await delay(moment * usualMs);
  kill();
  await killed;
  const response = await exchange;
  if (response !== undefined && response.status !== 200) {
    throw new Violation(`The status of the response is ${response.status}, and should be 200.`, [response]);
  }
  return { responded, response };
}

async function startAgain(engine: Engine, during: string, sent: Attempt): Promise<void> {
  try {
    await engine.start();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const message = `After kill -9 in the middle of ${during} it does not start: ${error.message}`;
    throw new Violation(message, [sent], says.killed);
  }
}

async function takeDataAway(lab: Lab): Promise<void> {
  const game = await lab.newGame();
  await game.play(await game.ordered(lab.maker));
  const views = await game.views();
  const { engine } = game;
  const away = `${engine.dataFolder}-away`;
  await engine.terminate();
  await rename(engine.dataFolder, away);
  await engine.start();
  requireRefusal(await engine.state(), 404, 'GET /api/v1/game, started with an empty data folder,');
  await engine.kill();
  await rm(engine.dataFolder, { recursive: true });
  await rename(away, engine.dataFolder);
  await engine.start();
  await game.requireUnchanged('After a restart');
  await game.requireSameViews(views, 'After a restart');
}

async function spoilData(lab: Lab): Promise<void> {
  const game = await lab.newGame();
  await game.play(await game.ordered(lab.maker));
  const { engine } = game;
  await engine.kill();
  await mkdir(engine.dataFolder, { recursive: true });
  for (const name of await readdir(engine.dataFolder, { recursive: true })) {
    const path = join(engine.dataFolder, name);
    const found = await stat(path);
    if (found.isFile() && found.size > 0) await writeFile(path, Buffer.alloc(found.size, '?'));
  }
  try {
    await engine.start();
  } catch (error) {
    if (error instanceof Violation) return;
    throw error;
  }
  const state = await engine.state();
  if (state.status === 200 && read(gameStateSchema, state).turn === game.state.turn) return;
  throw new Violation('All files in the data folder were overwritten with "?", and it begins again.', [
    state,
  ]);
}
