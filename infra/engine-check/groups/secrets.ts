// What must not get out: orders and the seed.

import type { Game } from '../game.ts';
import { group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { Violation } from '../violation.ts';

/** Shorter ones could be in an output by chance. */
const tellingLength = 6;

export const secretsGroup = group('secrets', (lab) => lab.newGame(), [
  {
    name: 'shows the seed in no response',
    saying: says.viewHolds,
    async run(game, { maker }) {
      // Every response is searched for it.
      await game.play(await game.ordered(maker));
      await game.requireUnchanged('After a turn');
      await game.engine.manifest();
      await game.views();
    },
  },
  {
    name: 'writes neither orders nor the seed to its output',
    saying: says.output,
    run: keepOutputClean,
  },
]);

async function keepOutputClean(used: Game, lab: Lab): Promise<void> {
  const game = used.finished ? await lab.newGame() : used;
  const { engine } = game;
  const turn = await game.ordered(lab.maker);
  const marker = `sealed-${game.setup.game_id}`;
  const marked = { galaxy_check: marker };
  await engine.validate({ seat: game.mover, turn: turn.turn, orders: marked });
  await engine.play({ ...turn, orders: turn.orders.map((row) => ({ ...row, orders: marked })) });
  await engine.play({ ...turn, galaxy_check: marker });
  await game.play(turn);
  await engine.terminate();

  const output = await engine.output();
  // As JSON, or as programs print an object.
  const plain = output.replace(/[\s\\]/g, '').replaceAll("'", '"');
  for (const { orders } of turn.orders) {
    const text = JSON.stringify(orders).replace(/\s/g, '');
    if (text.length < tellingLength || !plain.includes(text)) continue;
    throw new Violation(`The output holds the orders ${text}, without blanks.`);
  }
  if (output.includes(marker)) {
    throw new Violation(`The output holds orders that are not valid.\n${lineWith(output, marker)}`);
  }
  for (const one of lab.engines) {
    if (one.seed === undefined) continue;
    const all = (await one.output()).toLowerCase();
    if (all.includes(one.seed)) throw new Violation(`The output holds the seed.\n${lineWith(all, one.seed)}`);
  }
}

function lineWith(output: string, text: string): string {
  return output.split('\n').find((line) => line.includes(text)) ?? '';
}
