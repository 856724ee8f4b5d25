import { html } from 'hono/html';
import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { accountRemovalSchema, deviceSessionSchema, userSchema } from '../../lib/console/peers/users.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { layout } from './layout.ts';
import { counted, endsAndReason } from './parts.ts';

/** Signs a user out: on one device, or on all of them. */
export function revokeSessionPage(app: ConsoleApp, { backend }: Console): void {
  const pathOf = (userId: string) => `/api/v1/internal/users/${encodeURIComponent(userId)}`;

  app.get('/users/:id/sessions/:session/revoke', async (c) => {
    const { id, session } = c.req.param();
    const user = await backend.ask('GET', pathOf(id), userSchema, forOperator(c, 'backend'));
    const content = html`<p class="words">${user.email} <code>${session}</code></p>
      ${endsAndReason(
        ['The device is signed out at once, and its event stream ends.', 'The user can sign in on it again.'],
        {
          action: `/users/${id}/sessions/${session}/revoke`,
          button: 'Revoke the session',
          back: `/users/${id}`,
        },
      )}`;
    return c.html(layout(c, { title: 'Revoke a session', place: '/users', content }));
  });

  app.post('/users/:id/sessions/:session/revoke', async (c) => {
    const { id, session } = c.req.param();
    const reason = textIn(await c.req.parseBody(), 'reason');
    const path = `/api/v1/internal/sessions/${encodeURIComponent(session)}/revoke`;
    const question = { ...forOperator(c, 'backend'), reason };
    await backend.ask('POST', path, deviceSessionSchema, question);
    return c.redirect(`/users/${id}#sessions`, 303);
  });

  app.get('/users/:id/sign-out', async (c) => {
    const id = c.req.param('id');
    const asked = forOperator(c, 'backend');
    const [user, { block }] = await Promise.all([
      backend.ask('GET', pathOf(id), userSchema, asked),
      backend.ask('GET', `${pathOf(id)}/removal-preview`, accountRemovalSchema, asked),
    ]);
    const content = html`<p class="words">${user.email} <code>${id}</code></p>
      ${endsAndReason(
        [...counted(block.sessions_ended, 'session ends', 'sessions end'), 'The user can sign in again.'],
        { action: `/users/${id}/sign-out`, button: 'Revoke all sessions', back: `/users/${id}` },
      )}`;
    return c.html(layout(c, { title: 'Revoke all sessions', place: '/users', content }));
  });

  app.post('/users/:id/sign-out', async (c) => {
    const id = c.req.param('id');
    const question = { ...forOperator(c, 'backend'), reason: textIn(await c.req.parseBody(), 'reason') };
    const revoked = z.object({ revoked_sessions: z.int() });
    await backend.ask('POST', `${pathOf(id)}/sessions/revoke-all`, revoked, question);
    return c.redirect(`/users/${id}#sessions`, 303);
  });
}
