import { html } from 'hono/html';
import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { seatsSchema, turnSchema } from '../../lib/console/peers/play.ts';
import { type Game, gameSchema } from '../../lib/console/peers/responses.ts';
import type { Question } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { may, type OperatorPermission } from '../../lib/operators/permissions.ts';
import type { Role } from '../../lib/operators/roles.ts';
import type { GameStatus } from '../../lib/protocol/game-status.ts';
import { type ConsoleApp, type ConsoleContext, forOperator, textIn } from './env.ts';
import { gamePath, playPath } from './game-path.ts';
import { type Html, layout } from './layout.ts';
import { counted, endsAndReason, statusTag } from './parts.ts';

/** What the page says before the action, and more fields of its form. */
type Preview = { ends: readonly string[]; fields?: Html };
type Sent = {
  id: string;
  form: Readonly<Record<string, unknown>>;
  question: Pick<Question, 'reason' | 'requestId'>;
};

type GameAction = {
  readonly name: string;
  readonly needs: OperatorPermission;
  /** In which states it is offered. */
  readonly from: readonly GameStatus[];
  preview(c: ConsoleContext, console: Console, game: Game): Preview | Promise<Preview>;
  act(c: ConsoleContext, console: Console, sent: Sent): Promise<unknown>;
};

/** By the last part of their path. Pages of their own: cancel-game.ts, correct-game.ts, member.ts. */
const actions: Readonly<Record<string, GameAction>> = {
  play: {
    name: 'Play the turn now',
    needs: 'games.change',
    from: ['running'],
    async preview(c, console, game) {
      const { turn, awaited, missing } = await openTurn(c, console, game.game_id);
      return {
        ends: [
          `Turn ${turn} takes no more orders and is played with those that there are.`,
          awaited === 0
            ? 'It waits for no seat.'
            : `It waits for ${awaited} ${awaited === 1 ? 'seat' : 'seats'}; without orders until now: ${missing}.`,
        ],
        fields: html`<input type="hidden" name="turn" value="${turn}">`,
      };
    },
    act: (c, { gameMaster }, { id, form, question }) =>
      gameMaster.ask('POST', `${playPath(id)}/turn/play`, z.object({}), {
        ...forOperator(c, 'game-master'),
        ...question,
        body: { turn: numberIn(form, 'turn'), reason: question.reason },
      }),
  },
  delay: {
    name: 'Delay the turn',
    needs: 'games.change',
    from: ['running'],
    async preview(c, console, game) {
      const { turn, dueAt } = await openTurn(c, console, game.game_id);
      return {
        ends: [`Turn ${turn}, due at ${dueAt}, is due later, and takes orders until then.`],
        fields: html`<input type="hidden" name="turn" value="${turn}">
          <div class="field"><label for="minutes">By how many minutes</label>
          <input id="minutes" name="minutes" type="number" min="1" max="20160" value="60" required></div>`,
      };
    },
    act: (c, { gameMaster }, { id, form, question }) =>
      gameMaster.ask('POST', `${playPath(id)}/turn/delay`, z.object({}), {
        ...forOperator(c, 'game-master'),
        ...question,
        body: {
          turn: numberIn(form, 'turn'),
          seconds: numberIn(form, 'minutes') * 60,
          reason: question.reason,
        },
      }),
  },
  pause: {
    name: 'Pause',
    needs: 'games.change',
    from: ['running'],
    preview: (_c, _console, game) => ({
      ends: ['The clock stands still, and no turn is played until the game is resumed.', ...notified(game)],
    }),
    act: atLobby('pause'),
  },
  resume: {
    name: 'Resume',
    needs: 'games.change',
    from: ['paused'],
    preview: (_c, _console, game) => ({
      ends: ['The clock goes on, with what was left of the turn.', ...notified(game)],
    }),
    act: atLobby('resume'),
  },
  'retry-start': {
    name: 'Start again',
    needs: 'games.change',
    from: ['start_failed'],
    preview: () => ({ ends: ['The Runtime Manager is to start an engine for the game once more.'] }),
    act: atLobby('retry-start'),
  },
  'restart-engine': {
    name: 'Restart the engine',
    needs: 'engines.change',
    from: ['running', 'paused'],
    preview: () => ({
      ends: [
        'The engine of the game is ended and started again, with its data.',
        'A turn that is being played is tried again afterwards; no orders are lost.',
      ],
    }),
    act: (c, { gameMaster }, { id, question }) =>
      gameMaster.ask('POST', `${playPath(id)}/engine/restart`, z.object({}), {
        ...forOperator(c, 'game-master'),
        reason: question.reason,
        body: { reason: question.reason },
        timeoutMs: engineTimeoutMs,
      }),
  },
};

/** The Game Master waits five seconds for the Runtime Manager. */
export const engineTimeoutMs = 7_000;

export function gameActionPage(app: ConsoleApp, console: Console): void {
  const { lobby } = console;

  for (const [path, action] of Object.entries(actions)) {
    app.get(`/games/:id/${path}`, async (c) => {
      const game = await lobby.ask('GET', gamePath(c.req.param('id')), gameSchema, forOperator(c, 'lobby'));
      const { ends, fields = html`` } = await action.preview(c, console, game);
      const content = html`<p>${statusTag(game.status)} <bdi>${game.game_name}</bdi></p>
        ${endsAndReason(ends, {
          action: `/games/${game.game_id}/${path}`,
          button: action.name,
          back: `/games/${game.game_id}`,
          fields: html`${onceAtRevision(game)}${fields}`,
        })}`;
      return c.html(layout(c, { title: action.name, place: '/games', content }));
    });

    app.post(`/games/:id/${path}`, async (c) => {
      const id = c.req.param('id');
      const form = await c.req.parseBody();
      await action.act(c, console, { id, form, question: changeIn(c, form) });
      return c.redirect(`/games/${encodeURIComponent(id)}`, 303);
    });
  }
}

/** Links to what may be done with a game in its state. */
export function actionLinks(roles: readonly Role[], game: Game): Html {
  const link = (path: string, name: string, kind = '') =>
    html`<a class="button ${kind}" href="/games/${game.game_id}/${path}">${name} …</a>`;
  const offered = Object.entries(actions).filter(
    ([, { needs, from }]) => may(roles, needs) && from.includes(game.status),
  );
  const mayChange = may(roles, 'games.change');
  const links = [
    ...offered.map(([path, { name }]) => link(path, name)),
    ...(mayChange && correctable.includes(game.status) ? [link('correct', 'Correct')] : []),
    ...(mayChange && !['finished', 'cancelled'].includes(game.status)
      ? [link('cancel', 'Cancel this game', 'danger')]
      : []),
  ];
  return links.length === 0 ? html`` : html`<div class="buttons" id="actions">${links}</div>`;
}

export const correctable: readonly GameStatus[] = ['ready_to_start', 'start_failed', 'paused'];

/** So that a form that is sent twice acts once, and not on a game that has changed since the page was shown. */
export function onceAtRevision({ revision }: Pick<Game, 'revision'>): Html {
  return html`<input type="hidden" name="key" value="${crypto.randomUUID()}"><input type="hidden" name="revision" value="${revision}">`;
}

/** What such a form asks for. @throws Refusal invalid_request without a reason. */
export function changeIn(
  c: ConsoleContext,
  form: Readonly<Record<string, unknown>>,
): Pick<Question, 'reason' | 'idempotencyKey' | 'requestId'> {
  const { key } = form;
  return {
    reason: textIn(form, 'reason'),
    idempotencyKey: typeof key === 'string' && key !== '' ? key : undefined,
    requestId: c.get('requestId'),
  };
}

/** The revision that a form was made for. */
export function revisionIn({ revision }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof revision === 'string' && revision !== '' ? revision : undefined;
}

/** @throws Refusal invalid_request. */
export function numberIn(form: Readonly<Record<string, unknown>>, name: string): number {
  const value = Number(textIn(form, name, 20));
  if (Number.isSafeInteger(value)) return value;
  throw new Refusal('invalid_request', `Fill in ${name.replaceAll('_', ' ')} as a whole number.`);
}

function atLobby(verb: 'pause' | 'resume' | 'retry-start'): GameAction['act'] {
  return (c, { lobby }, { id, form, question }) =>
    lobby.ask('POST', `${gamePath(id)}/${verb}`, gameSchema, {
      ...forOperator(c, 'lobby'),
      ...question,
      revision: revisionIn(form),
    });
}

function notified({ active_members, owner_user_id }: Game): string[] {
  return [
    ...counted(active_members, 'player is notified', 'players are notified'),
    ...(owner_user_id === null ? [] : ['The owner is notified.']),
  ];
}

/** @throws Refusal turn_closed when no turn is open. */
async function openTurn(c: ConsoleContext, { gameMaster }: Console, id: string) {
  const asked = forOperator(c, 'game-master');
  const [turn, seats] = await Promise.all([
    gameMaster.ask('GET', `${playPath(id)}/turn`, turnSchema, asked),
    gameMaster.ask('GET', `${playPath(id)}/seats`, seatsSchema, asked),
  ]);
  if (turn.status !== 'open')
    throw new Refusal(
      'turn_closed',
      `Turn ${turn.turn} is ${turn.status}, so nothing can be done with it now.`,
    );
  const awaited = seats.items.filter((seat) => seat.awaited);
  return {
    turn: turn.turn,
    dueAt: turn.due_at === null ? 'no time' : `${turn.due_at.slice(0, 19).replace('T', ' ')} UTC`,
    awaited: awaited.length,
    missing: awaited.filter(({ orders }) => orders === 'none').length,
  };
}
