import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  type AccountRemoval,
  accountRemovalSchema,
  type LobbyRemoval,
  lobbyRemovalSchema,
  userSchema,
} from '../../lib/console/peers/users.ts';
import { type ConsoleApp, type ConsoleContext, forOperator, textIn } from './env.ts';
import { type Html, layout } from './layout.ts';
import { counted, reasonField, shown, statusTag } from './parts.ts';

/** What services are told; the reason in words stays in the audit log. */
const reasonCodes = ['abuse', 'cheating', 'spam', 'requested'] as const;

const ways = {
  block: {
    title: 'Block a user',
    button: 'Block the user',
    consequences: [
      'The user cannot sign in any more, and cannot delete the account.',
      'There is no unblocking: to let the person in again, delete the user; they then start over.',
    ],
  },
  delete: {
    title: 'Delete a user',
    button: 'Delete the user',
    consequences: [
      'Address, handle, name and everything else that identifies the user is erased.',
      'The address is free: with it the person can sign up again, and starts over.',
    ],
  },
} as const;
type Way = keyof typeof ways;

/** Blocks or deletes a user, after the operator has seen what that ends and has said why. */
export function removeUserPage(app: ConsoleApp, console: Console): void {
  const { backend } = console;
  for (const way of ['block', 'delete'] as const) {
    const { title, button } = ways[way];

    app.get(`/users/:id/${way}`, async (c) => {
      const id = c.req.param('id');
      const user = await backend.ask('GET', pathOf(id), userSchema, forOperator(c, 'backend'));
      const content = html`<p class="words">${statusTag(user.status)} ${user.email} <code>${id}</code></p>
        ${await blastRadius(c, console, { id, way })}
        <form class="card" method="post" action="/users/${id}/${way}">
          <div class="field"><label for="reason_code">Category, for the other services</label>
            <select id="reason_code" name="reason_code">${reasonCodes.map(
              (code) => html`<option value="${code}">${code}</option>`,
            )}</select></div>
          ${reasonField}
          <div class="buttons"><button class="danger">${button}</button><a class="button" href="/users/${id}">Leave it</a></div>
        </form>`;
      return c.html(layout(c, { title, place: '/users', content }));
    });

    app.post(`/users/:id/${way}`, async (c) => {
      const form = await c.req.parseBody();
      const body = { reason_code: textIn(form, 'reason_code', 64) };
      const question = { ...forOperator(c, 'backend'), reason: textIn(form, 'reason'), body };
      const { user_id } = await backend.ask(
        'POST',
        `${pathOf(c.req.param('id'))}/${way}`,
        userSchema,
        question,
      );
      return c.redirect(`/users/${user_id}`, 303);
    });
  }
}

const pathOf = (id: string) => `/api/v1/internal/users/${encodeURIComponent(id)}`;

/** What it ends in the backend and in the lobby. When the lobby is down, the page says so: it acts on it later. */
async function blastRadius(
  c: ConsoleContext,
  { backend, lobby }: Console,
  { id, way }: { id: string; way: Way },
): Promise<Html> {
  const [account, inLobby] = await Promise.all([
    backend.ask('GET', `${pathOf(id)}/removal-preview`, accountRemovalSchema, forOperator(c, 'backend')),
    shown(async () => {
      const path = `/api/v1/internal/lobby/users/${encodeURIComponent(id)}/removal-preview`;
      return lobbyPart(id, await lobby.ask('GET', path, lobbyRemovalSchema, forOperator(c, 'lobby')));
    }),
  ]);
  return html`<section class="card danger" id="blast-radius"><h2>This cannot be undone</h2>
    <ul>${[...ways[way].consequences, ...endsOf(account, way)].map((line) => html`<li>${line}</li>`)}</ul>
    ${inLobby}</section>`;
}

function endsOf({ block, deletion }: AccountRemoval, way: Way): string[] {
  if (way === 'block') return counted(block.sessions_ended, 'session ends', 'sessions end');
  return [
    ...counted(deletion.sessions_ended, 'session ends', 'sessions end'),
    ...counted(deletion.waiting_mails_deleted, 'mail that waits is deleted', 'mails that wait are deleted'),
    ...counted(deletion.recovery_codes_deleted, 'recovery code is void', 'recovery codes are void'),
  ];
}

function lobbyPart(userId: string, removal: LobbyRemoval): Html {
  const { games_cancelled, games_reopened, memberships_ended, race_names_released, is_complete } = removal;
  if (removal.is_gone) return html`<p>The lobby has taken this user out of its games before.</p>`;
  const game = ({ game_id, game_name }: { game_id: string; game_name: string }) =>
    html`<a href="/games/${game_id}"><bdi>${game_name}</bdi></a>`;
  const why = { owned: 'theirs', last_member: 'no other player' };
  const lines = [
    ...counted(removal.applications_cancelled, 'application is cancelled', 'applications are cancelled'),
    ...counted(removal.invites_cancelled, 'invite is cancelled', 'invites are cancelled'),
  ];
  const parts = [
    named(
      counted(games_cancelled.length, 'game is cancelled', 'games are cancelled'),
      games_cancelled,
      (one) => html`${game(one)} ${statusTag(one.status)} <small>${why[one.why]}</small>`,
    ),
    named(
      counted(games_reopened.length, 'game takes players again', 'games take players again'),
      games_reopened,
      game,
    ),
    named(
      counted(memberships_ended.length, 'seat is lost', 'seats are lost'),
      memberships_ended,
      (one) => html`${game(one)} ${statusTag(one.status)}`,
    ),
    named(
      counted(race_names_released.length, 'race name becomes free', 'race names become free'),
      race_names_released,
      (one) =>
        html`<bdi>${one.race_name}</bdi>${one.user_id === userId ? '' : html` <small>of another player in a cancelled game</small>`}`,
    ),
  ];
  const nothing = [
    ...lines,
    ...games_cancelled,
    ...games_reopened,
    ...memberships_ended,
    ...race_names_released,
  ];
  return html`${parts}${lines.map((line) => html`<p>${line}</p>`)}
    ${nothing.length === 0 ? html`<p>Nothing ends in the lobby.</p>` : ''}
    ${is_complete ? '' : html`<p class="notice warn">There is more than is listed here.</p>`}`;
}

/** A sentence, and below it what it counts. */
function named<T>(sentence: readonly string[], items: readonly T[], show: (item: T) => Html): Html {
  if (items.length === 0) return html``;
  return html`<div><p>${sentence}</p><ul>${items.map((item) => html`<li>${show(item)}</li>`)}</ul></div>`;
}
