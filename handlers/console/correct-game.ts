import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type Game, gameSchema } from '../../lib/console/peers/responses.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { type ConsoleApp, forOperator } from './env.ts';
import { changeIn, correctable, numberIn, onceAtRevision, revisionIn } from './game-action.ts';
import { gamePath } from './game-path.ts';
import { type Html, layout } from './layout.ts';
import { endsAndReason, inPlainWords, statusTag } from './parts.ts';

/** Corrects name, clock or version of a game that does not run now. Only fields that differ are sent. */
export function correctGamePage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/games/:id/correct', async (c) => {
    const game = await lobby.ask('GET', gamePath(c.req.param('id')), gameSchema, forOperator(c, 'lobby'));
    if (!correctable.includes(game.status)) {
      throw new Refusal(
        'invalid_state',
        `The game is ${inPlainWords(game.status)}. It can be corrected while it is ${correctable.map(inPlainWords).join(', ')}: pause a running one first.`,
      );
    }
    const content = html`<p>${statusTag(game.status)} <bdi>${game.game_name}</bdi></p>
      ${endsAndReason(consequences(game), {
        action: `/games/${game.game_id}/correct`,
        button: 'Correct the game',
        back: `/games/${game.game_id}`,
        fields: html`${onceAtRevision(game)}${fields(game)}`,
      })}`;
    return c.html(layout(c, { title: 'Correct a game', place: '/games', content }));
  });

  app.post('/games/:id/correct', async (c) => {
    const path = gamePath(c.req.param('id'));
    const form = await c.req.parseBody();
    const { reason, ...question } = changeIn(c, form);
    const game = await lobby.ask('GET', path, gameSchema, forOperator(c, 'lobby'));
    const changes = changesIn(form, game);
    if (Object.keys(changes).length === 0)
      throw new Refusal(
        'invalid_request',
        'Nothing differs from what the game has. Change at least one field.',
      );
    await lobby.ask('POST', `${path}/correct`, gameSchema, {
      ...forOperator(c, 'lobby'),
      ...question,
      reason,
      revision: revisionIn(form),
      body: { ...changes, reason },
    });
    return c.redirect(`/games/${game.game_id}`, 303);
  });
}

function consequences({ status, current_turn }: Game): string[] {
  return [
    'What you change below holds from now on; the owner reads the reason in the timeline.',
    ...(status !== 'paused'
      ? []
      : (current_turn ?? 0) > 0
        ? ['The version cannot change any more: a turn was played with it.']
        : ['With another version the engine is stopped, and the game has to be started again.']),
  ];
}

function fields(game: Game): Html {
  const field = (name: string, label: string, value: string | number, more: Html = html``) =>
    html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" value="${value}" autocomplete="off" ${more}></div>`;
  return html`${field('game_name', 'Name', game.game_name, html`required`)}
    <div class="filters">
      ${field('turn_schedule', 'Schedule: a cron expression of five fields', game.turn_schedule ?? '')}
      ${field('turn_seconds', 'or seconds of each turn', game.turn_seconds ?? '', html`type="number" min="1"`)}
      ${field('time_zone', 'Time zone', game.time_zone, html`required`)}
      ${field('grace_seconds', 'Grace in seconds', game.grace_seconds, html`type="number" min="0" required`)}
      ${field('target_engine_version', `Version of ${game.engine_family}`, game.target_engine_version, html`required`)}
    </div>`;
}

/** The fields of the form that differ from the game's. An empty one of the clock is none. */
function changesIn(form: Readonly<Record<string, unknown>>, game: Game): Record<string, unknown> {
  const text = (name: string) => {
    const value = form[name];
    return typeof value === 'string' ? value.trim() : '';
  };
  const wanted = {
    game_name: text('game_name'),
    turn_schedule: text('turn_schedule') || null,
    turn_seconds: text('turn_seconds') === '' ? null : numberIn(form, 'turn_seconds'),
    time_zone: text('time_zone'),
    grace_seconds: numberIn(form, 'grace_seconds'),
    target_engine_version: text('target_engine_version'),
  };
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => value !== game[name as keyof typeof wanted]),
  );
}
