import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { heldNameSchema, lookupSchema, withheldNameSchema } from '../../lib/console/peers/race-names.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { type ConsoleApp, type ConsoleContext, forOperator, textIn } from './env.ts';
import { layout } from './layout.ts';
import { endsAndReason, inPlainWords } from './parts.ts';

const inLobby = '/api/v1/internal/lobby';
const maxName = 100;
const pageOf = (name: string) => `/names?${new URLSearchParams({ name })}`;

/** Takes a race name from its holder, or gives them another one. */
export function changeNamePage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/names/:id/release', async (c) => {
    const held = await findHeld(c);
    const ends = [
      `The user loses the name, which is held as ${inPlainWords(held.kind)}.`,
      'Any player can take it then. To prevent that, withhold it afterwards.',
      'A name under which a member plays is not released: remove the member from the game first.',
    ];
    const form = {
      action: `/names/${held.race_name_id}/release`,
      button: 'Release the name',
      back: pageOf(held.race_name),
    };
    const content = html`<p class="words"><bdi>${held.race_name}</bdi> <a href="/users/${held.user_id}"><code>${held.user_id}</code></a></p>
      ${endsAndReason(ends, form)}`;
    return c.html(layout(c, { title: 'Release a race name', place: '/names', content }));
  });

  app.post('/names/:id/release', async (c) => {
    const form = await c.req.parseBody();
    const reason = textIn(form, 'reason');
    const question = { ...forOperator(c, 'lobby'), reason, body: { reason } };
    const path = `${inLobby}/race-names/${encodeURIComponent(c.req.param('id'))}/release`;
    const { race_name } = await lobby.ask('POST', path, heldNameSchema, question);
    return c.redirect(pageOf(race_name), 303);
  });

  app.get('/names/:id/rename', async (c) => {
    const held = await findHeld(c);
    const ends = [
      'The user has the new name in its place, registered as this one is. This one is free then.',
      'Games that are over keep the name that was played under.',
    ];
    const fields = html`<div class="field"><label for="race_name">New race name</label>
      <input id="race_name" name="race_name" maxlength="${maxName}" required autocomplete="off"></div>`;
    const content = html`<p class="words"><bdi>${held.race_name}</bdi> <a href="/users/${held.user_id}"><code>${held.user_id}</code></a></p>
      ${endsAndReason(ends, { action: `/names/${held.race_name_id}/rename`, button: 'Rename it', back: pageOf(held.race_name), fields })}`;
    return c.html(layout(c, { title: 'Rename a race name', place: '/names', content }));
  });

  app.post('/names/:id/rename', async (c) => {
    const form = await c.req.parseBody();
    const reason = textIn(form, 'reason');
    const body = { race_name: textIn(form, 'race_name', maxName), reason };
    const path = `${inLobby}/race-names/${encodeURIComponent(c.req.param('id'))}/rename`;
    const question = { ...forOperator(c, 'lobby'), reason, body };
    const { race_name } = await lobby.ask('POST', path, heldNameSchema, question);
    return c.redirect(pageOf(race_name), 303);
  });

  /** The lobby finds names by their words, so the address of the page has them, too. */
  async function findHeld(c: ConsoleContext) {
    const query = new URLSearchParams({ name: textIn(c.req.query(), 'name') });
    const path = `${inLobby}/race-name-lookup?${query}`;
    const { held } = await lobby.ask('GET', path, lookupSchema, forOperator(c, 'lobby'));
    const found = held.find(({ race_name_id }) => race_name_id === c.req.param('id'));
    if (found === undefined) throw new Refusal('not_found', 'No user holds this race name any more.');
    return found;
  }
}

/** Keeps a name from all players, or lets them have it again. */
export function withholdNamePage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/names/withhold', (c) => {
    const name = textIn(c.req.query(), 'name', maxName);
    const ends = [
      'No player can take this name, or one that reads or looks like it.',
      'An application with it that waits is refused when it is approved.',
      'The reason is shown with the name, to operators.',
    ];
    const fields = html`<input type="hidden" name="race_name" value="${name}">`;
    const content = html`<p class="words"><bdi>${name}</bdi></p>
      ${endsAndReason(ends, { action: '/names/withhold', button: 'Withhold the name', back: pageOf(name), fields })}`;
    return c.html(layout(c, { title: 'Withhold a race name', place: '/names', content }));
  });

  app.post('/names/withhold', async (c) => {
    const form = await c.req.parseBody();
    const reason = textIn(form, 'reason');
    const body = { race_name: textIn(form, 'race_name', maxName), reason };
    const question = { ...forOperator(c, 'lobby'), reason, body };
    const path = `${inLobby}/withheld-race-names`;
    const { race_name } = await lobby.ask('POST', path, withheldNameSchema, question);
    return c.redirect(pageOf(race_name), 303);
  });

  app.get('/names/withheld/:id/give-back', (c) => {
    const name = textIn(c.req.query(), 'name');
    const content = html`<p class="words"><bdi>${name}</bdi></p>
      ${endsAndReason(['Any player can take the name then.'], {
        action: `/names/withheld/${c.req.param('id')}/give-back`,
        button: 'Give the name back',
        back: pageOf(name),
      })}`;
    return c.html(layout(c, { title: 'Give a race name back', place: '/names', content }));
  });

  app.post('/names/withheld/:id/give-back', async (c) => {
    const reason = textIn(await c.req.parseBody(), 'reason');
    const path = `${inLobby}/withheld-race-names/${encodeURIComponent(c.req.param('id'))}/release`;
    const question = { ...forOperator(c, 'lobby'), reason, body: { reason } };
    const { race_name } = await lobby.ask('POST', path, withheldNameSchema, question);
    return c.redirect(pageOf(race_name), 303);
  });
}
