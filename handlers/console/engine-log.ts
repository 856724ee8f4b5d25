import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { engineLogSchema } from '../../lib/console/peers/play.ts';
import { type ConsoleApp, forOperator } from './env.ts';
import { engineTimeoutMs } from './game-action.ts';
import { playPath } from './game-path.ts';
import { layout } from './layout.ts';
import { shown } from './parts.ts';

/** The end of what the engine of a game wrote; the page of the game takes `#log` from it. */
export function engineLogPage(app: ConsoleApp, { gameMaster }: Console): void {
  app.get('/games/:id/log', async (c) => {
    const id = c.req.param('id');
    const log = shown(async () => {
      const question = { ...forOperator(c, 'game-master'), timeoutMs: engineTimeoutMs };
      const { text, cut } = await gameMaster.ask(
        'GET',
        `${playPath(id)}/engine/log`,
        engineLogSchema,
        question,
      );
      return text === ''
        ? html`<p class="nothing">The engine has written nothing.</p>`
        : html`<h3>${cut ? 'The end of its log' : 'Its log'}</h3><pre tabindex="0">${text}</pre>`;
    });
    const content = html`<div id="log" class="stack">${log}</div><p><a class="button" href="/games/${id}">To the game</a></p>`;
    return c.html(layout(c, { title: 'Log of an engine', place: '/games', content }));
  });
}
